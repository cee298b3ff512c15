package rootstem_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// licences are recognised by sentences that only they hold, most restrictive first.
var licences = []struct {
	name    string
	allowed bool
	mark    *regexp.Regexp
}{
	{"AGPL", false, regexp.MustCompile(`(?i)GNU AFFERO GENERAL PUBLIC LICENSE`)},
	{"MPL-2.0", true, regexp.MustCompile(`(?i)Mozilla Public License,? version 2\.0`)},
	{"LGPL", false, regexp.MustCompile(`(?i)GNU LESSER GENERAL PUBLIC LICENSE`)},
	{"GPL", false, regexp.MustCompile(`(?i)GNU GENERAL PUBLIC LICENSE`)},
	{"BSL", false, regexp.MustCompile(`(?i)Business Source License`)},
	{"Apache-2.0", true, regexp.MustCompile(`(?i)Apache License,?\s+Version 2\.0|www\.apache\.org/licenses/LICENSE-2\.0`)},
	{"MIT", true, regexp.MustCompile(`(?i)Permission is hereby granted, free of charge, to any person obtaining\s+a\s+copy`)},
	{"BSD", true, regexp.MustCompile(`(?i)Redistribution and use in source and binary forms`)},
	{"ISC", true, regexp.MustCompile(`(?i)Permission to use, copy, modify, and(/or)? distribute this software for any\s+purpose`)},
	{"CC0-1.0", true, regexp.MustCompile(`(?i)CC0 1\.0 Universal`)},
	{"Unlicense", true, regexp.MustCompile(`(?i)This is free and unencumbered software released into the public domain`)},
}

func classify(text string) (name string, allowed bool) {
	for _, l := range licences {
		if l.mark.MatchString(text) {
			return l.name, l.allowed
		}
	}
	return "unknown", false
}

type linkedModule struct {
	Path, Version, Dir string
	Main               bool
}

// linkedModules lists the modules whose packages the SDK or its tests link.
func linkedModules(t *testing.T) map[string]linkedModule {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-test", "-json=Module", "./...").Output()
	require.NoError(t, err)
	d := json.NewDecoder(strings.NewReader(string(out)))
	mods := map[string]linkedModule{}
	for {
		var p struct{ Module *linkedModule }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return mods
		} else {
			require.NoError(t, err)
		}
		if p.Module != nil && !p.Module.Main {
			mods[p.Module.Path] = *p.Module
		}
	}
}

func TestEveryLinkedModuleHasAnAllowedLicence(t *testing.T) {
	mods := linkedModules(t)
	require.NotEmpty(t, mods)
	for path, m := range mods {
		files, err := filepath.Glob(filepath.Join(m.Dir, "*"))
		require.NoError(t, err)
		found := 0
		for _, f := range files {
			base := strings.ToUpper(filepath.Base(f))
			if !strings.HasPrefix(base, "LICEN") && !strings.HasPrefix(base, "COPYING") && !strings.HasPrefix(base, "UNLICENSE") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				continue // a directory of licences holds files of its own
			}
			found++
			name, ok := classify(string(text))
			if !ok {
				t.Errorf("%s@%s: %s is %s, which is not on the allow-list", path, m.Version, filepath.Base(f), name)
			}
		}
		if found == 0 {
			t.Errorf("%s@%s has no licence file", path, m.Version)
		}
	}
	t.Logf("%d linked modules", len(mods))
}

func TestTheLicenceCheckRefusesCopyleftAndUnknownTexts(t *testing.T) {
	for _, text := range []string{
		"GNU GENERAL PUBLIC LICENSE Version 3", "GNU LESSER GENERAL PUBLIC LICENSE", "GNU AFFERO GENERAL PUBLIC LICENSE",
		"Business Source License 1.1", "All rights reserved.",
	} {
		name, ok := classify(text)
		require.False(t, ok, "%q was taken for %s", text, name)
	}
}
