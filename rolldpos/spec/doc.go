// Package spec specifies the five rules of rolldpos.
package spec
