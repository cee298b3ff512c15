package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// millionths is the scale of values: a reading holds exact decimals with at most
// six digits behind the point.
const millionths = 6

// table reads a CSV file of readings row by row. The first column is a date or a
// time; columns that are numbers in the first row are values, others are labels.
type table struct {
	file   string
	csv    *csv.Reader
	header []string
	values []int // indexes of the value columns
	first  []string
	seq    uint64
}

// row is one reading before it is signed.
type row struct {
	seq    uint64
	time   uint64 // milliseconds since 1970
	values []int64
}

// openTable reads the header and the first row of file's contents.
func openTable(file string, contents io.Reader) (*table, error) {
	t := &table{file: file, csv: csv.NewReader(skipMark(contents))}
	t.csv.FieldsPerRecord = -1
	var err error
	if t.header, err = t.csv.Read(); err != nil {
		return nil, t.fault(1, 1, "no header", err)
	}
	if t.first, err = t.csv.Read(); err != nil {
		return nil, t.fault(2, 1, "no rows", err)
	}
	for i, field := range t.first {
		if i > 0 && isNumber(field) {
			t.values = append(t.values, i)
		}
	}
	if len(t.values) == 0 {
		return nil, t.fault(2, 1, "no column of the first row holds a number", nil)
	}
	return t, nil
}

// skipMark drops a byte order mark.
func skipMark(r io.Reader) io.Reader {
	mark := []byte("\xef\xbb\xbf")
	head := make([]byte, len(mark))
	n, _ := io.ReadFull(r, head) // a short or failing read shows again at the next one
	if bytes.Equal(head[:n], mark) {
		return r
	}
	return io.MultiReader(bytes.NewReader(head[:n]), r)
}

// column returns the place of a value column among the values.
func (t *table) column(name string) (int, error) {
	for i, c := range t.values {
		if c < len(t.header) && strings.TrimSpace(t.header[c]) == name {
			return i, nil
		}
	}
	var names []string
	for _, c := range t.values {
		if c < len(t.header) {
			names = append(names, t.header[c])
		}
	}
	return 0, fmt.Errorf("%s has no value column %q; it has %s", t.file, name, strings.Join(names, ", "))
}

// next returns the next row, or io.EOF.
func (t *table) next() (row, error) {
	fields := t.first
	if t.first == nil {
		var err error
		if fields, err = t.csv.Read(); err != nil {
			if errors.Is(err, io.EOF) {
				return row{}, io.EOF
			}
			return row{}, t.fault(0, 0, "", err)
		}
	}
	t.first = nil
	t.seq++
	r := row{seq: t.seq}
	if len(fields) != len(t.header) {
		return row{}, t.at(len(fields)-1, fmt.Sprintf("%d fields, the header has %d", len(fields), len(t.header)))
	}
	when, err := parseTime(fields[0])
	if err != nil {
		return row{}, t.at(0, err.Error())
	}
	r.time = when
	for _, c := range t.values {
		v, err := parseValue(fields[c])
		if err != nil {
			return row{}, t.at(c, err.Error())
		}
		r.values = append(r.values, v)
	}
	return r, nil
}

// at reports a fault in a field of the row that was read last.
func (t *table) at(field int, what string) error {
	line, _ := t.csv.FieldPos(field)
	name := ""
	if field < len(t.header) {
		name = fmt.Sprintf(" (%s)", strings.TrimSpace(t.header[field]))
	}
	return fmt.Errorf("%s: line %d, column %d%s: %s", t.file, line, field+1, name, what)
}

func (t *table) fault(line, column int, what string, err error) error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return fmt.Errorf("%s: line %d, column %d: %w", t.file, parse.Line, parse.Column, parse.Err)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("%s: %w", t.file, err)
	default:
		return fmt.Errorf("%s: line %d, column %d: %s", t.file, line, column, what)
	}
}

// layouts are the forms of dates and times that the first column may have.
func layouts() []string {
	return []string{
		time.RFC3339, "2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05",
		"2006-01-02 15:04", "2006-01-02T15:04", "2006/01/02", "2006/01/02 15:04:05", "2006/01/02 15:04",
		"01/02/2006", "02.01.2006", "20060102",
	}
}

// parseTime reads a date or time (UTC unless it says otherwise) from 1970 on.
func parseTime(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts() {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if t.UnixMilli() < 0 {
			return 0, fmt.Errorf("%q is before 1970", text)
		}
		return uint64(t.UnixMilli()), nil
	}
	return 0, fmt.Errorf("%q is not a date or time", text)
}

// split takes an exact decimal apart; ok is false for any other text.
func split(text string) (negative bool, whole, fraction string, ok bool) {
	text = strings.TrimSpace(text)
	negative = strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	whole, fraction, _ = strings.Cut(text, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" || strings.Count(text, "+")+strings.Count(text, "-") > 0 {
		return false, "", "", false
	}
	return negative, whole, fraction, true
}

func isNumber(text string) bool {
	_, _, _, ok := split(text)
	return ok
}

// parseValue reads an exact decimal as an integer of millionths.
func parseValue(text string) (int64, error) {
	negative, whole, fraction, ok := split(text)
	if !ok {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	if len(fraction) > millionths {
		return 0, fmt.Errorf("%q has more than %d digits behind the point", text, millionths)
	}
	digits := whole + fraction + strings.Repeat("0", millionths-len(fraction))
	sign := ""
	if negative {
		sign = "-"
	}
	v, err := strconv.ParseInt(sign+digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is outside ±%d", text, math.MaxInt64/1_000_000)
	}
	return v, nil
}

// formatValue writes millionths as a decimal.
func formatValue(v int64) string {
	sign, u := "", uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	text := fmt.Sprintf("%s%d.%06d", sign, u/1_000_000, u%1_000_000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
