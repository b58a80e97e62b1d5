package lineflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// lines splits at line ends, as the exposition does.
func lines(text []byte) []Line {
	var starts []Line
	for i := range text {
		if i == 0 || text[i-1] == '\n' {
			starts = append(starts, Line{Start: int32(i)})
		}
	}
	return starts
}

// known says of each line what it has in common with the one before, or a part of it.
func known(text []byte, lines []Line, part int) []Line {
	for i := range lines {
		if i > 0 {
			n := common(text[lines[i].Start:], text[lines[i-1].Start:])
			lines[i].Same = int32(min(n, int(lines[i].Start-lines[i-1].Start), len(text)-int(lines[i].Start)) / part)
			if i+1 < len(lines) {
				lines[i].Same = min(lines[i].Same, lines[i+1].Start-lines[i].Start)
			}
		}
	}
	return lines
}

// numbered says of each line of an exposition where its partition is, and whether its labels around that are those of the
// line before, as the renderer does.
func numbered(text []byte) []Line {
	out := lines(text)
	var before, after []byte
	for i := range out {
		head, rest, _ := bytes.Cut(text[out[i].Start:], []byte(`partition="`))
		number := bytes.IndexByte(rest, '"')
		tail := rest[number : bytes.IndexByte(rest, ' ')+1]
		out[i].Number = int32(number)
		if bytes.Equal(head, before) && bytes.Equal(tail, after) {
			out[i].Same, out[i].Tail = int32(len(head)+len(`partition="`)), int32(len(tail))
		}
		before, after = head, tail
	}
	return out
}

// inflate reads pieces that are put together and closed by an empty last block.
func inflate(t testing.TB, pieces []byte) []byte {
	t.Helper()
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(append(bytes.Clone(pieces), 0x03, 0x00))))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func exposition(families, rows, partitions int) []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(1, 2))
	for f := range families {
		for row := range rows {
			for p := range partitions {
				fmt.Fprintf(&b, "kafka_consumergroup_lag%d{consumergroup=\"payments-reconciliation-%d\",partition=\"%d\",topic=\"t%d\"} %d\n",
					f, row*7919, p, row, r.IntN(5000))
			}
		}
	}
	return b.Bytes()
}

func TestComesBack(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef"), 4000)
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	// Counts that grow like Fibonacci's numbers make the deepest tree.
	var skewed []byte
	for i, a, b := 0, 1, 1; i < 24; i++ {
		skewed = append(skewed, bytes.Repeat([]byte{byte('a' + i)}, a)...)
		a, b = b, a+b
	}
	var c Compressor
	var all, pieces []byte
	for name, text := range map[string][]byte{
		"nothing": nil, "a byte": []byte("x"), "a line": []byte("up 1\n"), "one byte often": bytes.Repeat([]byte("y"), 100000),
		"exposition": exposition(2, 30, 40), "the same line": bytes.Repeat([]byte("kafka_group_lag{a=\"b\"} 1\n"), 50),
		"every byte": allBytes, "a deep tree": skewed,
		"a line longer than the window": append(append(bytes.Clone(long), '\n'), long...),
		"lengths around the longest match": func() (b []byte) {
			for n := 254; n < 270; n++ {
				b = append(append(append(b, long[:n]...), '\n'), long[:n+1]...)
				b = append(b, '\n')
			}
			return b
		}(),
	} {
		for part := range 3 {
			at := lines(text)
			if part > 0 {
				at = known(text, at, part)
			}
			if back := inflate(t, c.Append(nil, text, at)); !bytes.Equal(back, text) {
				t.Errorf("%s: %d bytes came back as %d", name, len(text), len(back))
			}
		}
		all, pieces = append(all, text...), c.Append(pieces, text, lines(text))
	}
	numbers := exposition(2, 3, 1200)
	if back := inflate(t, c.Append(nil, numbers, numbered(numbers))); !bytes.Equal(back, numbers) {
		t.Errorf("with numbers %d bytes came back as %d", len(numbers), len(back))
	}
	if !bytes.Equal(inflate(t, pieces), all) {
		t.Error("pieces put together do not make the texts put together")
	}
}

// TestIsSmall compares with the library's compression for speed.
func TestIsSmall(t *testing.T) {
	text := exposition(1, 20, 200)
	var c Compressor
	var lib bytes.Buffer
	w, err := flate.NewWriter(&lib, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(text)
	_ = w.Flush()
	n := len(c.Append(nil, text, lines(text)))
	if n > lib.Len() {
		t.Errorf("%d bytes of %d; the library makes %d", n, len(text), lib.Len())
	}
	if known := len(c.Append(nil, text, numbered(text))); known > n {
		t.Errorf("%d bytes where the numbers are known, %d where they are searched for", known, n)
	}
}

func TestAllocatesNothing(t *testing.T) {
	text := exposition(1, 5, 100)
	starts := lines(text)
	var c Compressor
	out := c.Append(nil, text, starts)
	if n := testing.AllocsPerRun(10, func() { out = c.Append(out[:0], text, starts) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzComesBack compresses anything, lines wherever they are said to be.
func FuzzComesBack(f *testing.F) {
	f.Add([]byte("kafka_group_lag{a=\"b\"} 1\nkafka_group_lag{a=\"c\"} 12\n"), uint16(25))
	f.Add(exposition(1, 2, 5), uint16(80))
	f.Add(bytes.Repeat([]byte("ab"), 300), uint16(2))
	var c Compressor
	f.Fuzz(func(t *testing.T, text []byte, width uint16) {
		starts := lines(text)
		if width > 0 {
			starts = nil
			for i := 0; i < len(text); i += int(width) {
				starts = append(starts, Line{Start: int32(i)})
			}
		}
		if width%2 > 0 {
			starts = known(text, starts, 1)
		}
		if got := inflate(t, c.Append(nil, text, starts)); !bytes.Equal(got, text) {
			t.Errorf("%q came back as %q", text, got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	text := exposition(1, 3, 200)
	starts := numbered(text)
	var c Compressor
	out := c.Append(nil, text, starts)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	b.ReportMetric(float64(len(out))/float64(len(starts)), "B/line")
	for b.Loop() {
		out = c.Append(out[:0], text, starts)
	}
	b.ReportMetric(float64(len(out))/float64(len(starts)), "B/line")
}
