//go:build !race

package study

const compared = 10
