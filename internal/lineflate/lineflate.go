// Package lineflate compresses text whose lines begin as the line before them does, which is what the series of one metric
// look like: instead of searching for repetitions it compares each line with the one before it, and codes what is left
// with Huffman codes made for the piece. The result is DEFLATE (RFC 1951), cut into pieces that can be put together in
// any order. Headers, checksums and general text belong to other packages.
package lineflate

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	minMatch    = 8 // a match costs about two bytes, a digit less than half of one
	maxMatch    = 258
	maxDistance = 32 << 10
	maxDigits   = 10 // of a number
	usualDigits = 4  // that change at once, at most
)

// Line is where a line begins, and how many of its first bytes are known to be those of the line before it. Where more is
// known of it, a number of some bytes follows, and then Tail bytes that follow on the number of the line before, too.
type Line struct{ Start, Same, Number, Tail int32 }

// Compressor holds the memory of a compression for the next one. It is not safe for concurrent use.
type Compressor struct {
	steps    []step
	bytes    [2][256]uint32 // how often a byte is a literal; in two halves, as one counter would wait for itself
	literals alphabet       // and lengths, and the end of the block
	distance alphabet
	lengths  alphabet // of codes
}

// step is some bytes as they are, and then a repetition of earlier ones where length is not 0.
type step struct {
	literals int32
	length   uint16
	distance uint16 // less 1
}

// Append appends text to dst, compressed without reference to anything before it. It ends on a byte border and is not
// the end of a stream. The first line begins at 0, each further one after the one before.
func (c *Compressor) Append(dst, text []byte, lines []Line) []byte {
	if len(text) > 0 {
		dst = c.block(dst, text, lines)
	}
	return dst
}

func (c *Compressor) block(dst, text []byte, lines []Line) []byte {
	c.steps = c.steps[:0]
	c.literals.clear(numLiterals)
	c.distance.clear(numDistances)
	c.bytes = [2][256]uint32{}
	c.find(text, lines)
	for b := range c.bytes[0] {
		c.literals.count[b] = c.bytes[0][b] + c.bytes[1][b]
	}
	c.literals.count[endOfBlock] = 1
	c.literals.makeCodes(maxCodeLength)
	c.distance.makeCodes(maxCodeLength)
	// A literal takes at most 15 bits, a step 48; and there is what surrounds them.
	w := bitWriter{out: slices.Grow(dst, 2*len(text)+6*len(c.steps)+1024)}
	c.header(&w)
	c.write(&w, text)
	w.code(c.literals.code[endOfBlock])
	w.code(0 | 3<<16) // a stored block without content, for the byte border
	w.align()
	return append(w.out, 0, 0, 0xff, 0xff)
}

// find notes the repetitions and counts symbols.
func (c *Compressor) find(text []byte, lines []Line) {
	done := 0 // what is before is in a step
	repeated := func(at, to, same, distance int) int {
		same += common(text[at+same:to], text[at+same-distance:])
		if same >= minMatch {
			c.repeat(text[done:at], same, distance)
			done = at + same
		}
		return at + same
	}
	for i := 1; i < len(lines); i++ {
		l := &lines[i]
		at, to, d := int(l.Start), len(text), int(l.Start-lines[i-1].Start)
		if i+1 < len(lines) {
			to = int(lines[i+1].Start)
		}
		if d > maxDistance-maxDigits {
			continue
		}
		if l.Tail > 0 {
			tail := at + int(l.Same+l.Number)
			repeated(at, tail, int(l.Same), d)
			repeated(tail, to, int(l.Tail), d+int(l.Number-lines[i-1].Number))
			continue
		}
		// Up to the first difference, which is in a number, and what is alike after the number.
		at = repeated(at, to, int(l.Same), d) + 1
		for from, digits := done, 0; done == from && digits < usualDigits && to-at-digits >= 2*minMatch; digits++ {
			repeated(at+digits, to, 0, d)
		}
	}
	c.literal(text[done:])
	c.steps = append(c.steps, step{literals: int32(len(text) - done)})
}

// common counts the bytes at the beginning of a that b begins with too; b is at least as long.
func common(a, b []byte) int {
	n := 0
	for n+8 <= len(a) {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}

func (c *Compressor) literal(text []byte) {
	even, odd := &c.bytes[0], &c.bytes[1]
	for ; len(text) >= 2; text = text[2:] {
		even[text[0]]++
		odd[text[1]]++
	}
	if len(text) > 0 {
		even[text[0]]++
	}
}

func (c *Compressor) repeat(before []byte, length, distance int) {
	c.literal(before)
	literals := int32(len(before))
	for length > 0 {
		n := min(length, maxMatch)
		if rest := length - n; rest > 0 && rest < 3 { // no match is shorter
			n -= 3
		}
		length -= n
		c.steps = append(c.steps, step{literals, uint16(n), uint16(distance - 1)})
		literals = 0
		c.literals.count[lengthSymbols[n-3]]++
		c.distance.count[distanceSymbol(uint32(distance-1))]++
	}
}

// write writes the steps; there is room for them.
func (c *Compressor) write(w *bitWriter, text []byte) {
	codes := (*[numLiterals]uint32)(c.literals.code)
	// Lines of one width repeat the same before and after the number.
	type code struct {
		step
		v uint64
		n uint
	}
	var last, other code
	for _, s := range c.steps {
		w.literals(codes, text[:s.literals])
		text = text[s.literals:]
		if s.length == 0 {
			continue
		}
		last, other = other, last
		if s.length != last.length || s.distance != last.distance {
			last.step = s
			last.v, last.n = c.match(s)
		}
		w.add(last.v, last.n)
		text = text[s.length:]
	}
}

// match is how a repetition is written: at most 48 bits.
func (c *Compressor) match(s step) (v uint64, n uint) {
	add := func(code, bits uint32) {
		v |= uint64(code) << n
		n += uint(bits)
	}
	symbol := lengthSymbols[s.length-3]
	l := symbol - firstLength
	add(c.literals.code[symbol]&0xffff, c.literals.code[symbol]>>16)
	add(uint32(s.length-3-lengthBase[l]), lengthBits[l])
	symbol = distanceSymbol(uint32(s.distance))
	extra := distanceBits(symbol)
	add(c.distance.code[symbol]&0xffff, c.distance.code[symbol]>>16)
	add(uint32(s.distance)&(1<<extra-1), extra)
	return v, n
}
