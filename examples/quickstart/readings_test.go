package main

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, text string) ([]row, error) {
	t.Helper()
	table, err := openTable("f.csv", strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var rows []row
	for {
		r, err := table.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
}

func TestNumbersOfTheFirstRowMakeValueColumns(t *testing.T) {
	rows, err := read(t, "\xef\xbb\xbfdate,rain,sky,temp\n2012-01-01,0.0,drizzle,-12.8\n2012-01-02T06:00:00Z,10.9,7,+5\n")
	require.NoError(t, err)
	require.Equal(t, []row{
		{seq: 1, time: 1325376000000, values: []int64{0, -12_800_000}},
		{seq: 2, time: 1325484000000, values: []int64{10_900_000, 5_000_000}},
	}, rows)
}

func TestMalformedRowsNameFileLineAndColumnAfterEarlierRows(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		rows             int
	}{
		{"missing field", "d,a,b\n2020-01-01,1,2\n2020-01-02,1\n", "f.csv: line 3, column 2 (a): 2 fields, the header has 3", 1},
		{"extra field", "d,a\n2020-01-01,1\n2020-01-02,1,9\n", "f.csv: line 3, column 3: 3 fields", 1},
		{"text for a number", "d,a,b\n2020-01-01,1,2\n\n2020-01-02,1,many\n", `f.csv: line 4, column 3 (b): "many" is not a number`, 1},
		{"seven digits", "d,a\n2020-01-01,1.1234567\n", "more than 6 digits", 0},
		{"too large", "d,a\n2020-01-01,9223372036855\n", "is outside", 0},
		{"exponent", "d,a\n2020-01-01,1\n2020-01-01,1e3\n", "not a number", 1},
		{"no date", "d,a\n2020-01-01,1\nyesterday,1\n", `f.csv: line 3, column 1 (d): "yesterday" is not a date or time`, 1},
		{"before 1970", "d,a\n1969-12-31,1\n", "before 1970", 0},
		{"open quote", "d,a\n2020-01-01,1\n2020-01-02,\"1\n", "f.csv: line ", 1},
		{"empty", "", "f.csv: line 1, column 1: no header", 0},
		{"no rows", "d,a\n", "f.csv: line 2, column 1: no rows", 0},
		{"no values", "d,a\n2020-01-01,x\n", "no column", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := read(t, c.text)
			require.ErrorContains(t, err, c.want)
			require.Len(t, rows, c.rows)
		})
	}
}

func TestValuesAreExactMillionths(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0.000001": -1, ".5": 500_000, "7.": 7_000_000, " 1.25 ": 1_250_000,
		"9223372036854.775807": math.MaxInt64, "-9223372036854.775808": math.MinInt64,
	} {
		got, err := parseValue(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		back, err := parseValue(formatValue(got))
		require.NoError(t, err)
		require.Equal(t, got, back)
	}
	for _, text := range []string{"", ".", "-", "+-1", "1-", "0x10", "NaN", "Inf", "1,5", "１"} {
		_, err := parseValue(text)
		require.Error(t, err, text)
	}
}

func TestAnUnknownAlarmColumnIsNamedWithTheColumnsThatExist(t *testing.T) {
	table, err := openTable("f.csv", strings.NewReader("d,a,label,b\n2020-01-01,1,x,2\n"))
	require.NoError(t, err)
	i, err := table.column("b")
	require.NoError(t, err)
	require.Equal(t, 1, i)
	_, err = table.column("label")
	require.ErrorContains(t, err, `no value column "label"; it has a, b`)
}
