package lineflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// The alphabets of RFC 1951.
const (
	endOfBlock    = 256
	firstLength   = 257
	numLiterals   = 286
	numDistances  = 30
	numLengths    = 19
	maxCodeLength = 15
)

// The symbols from firstLength on stand for lengths less 3: where each begins, and how many further bits it has.
var lengthBase, lengthBits, lengthSymbols = func() (base [29]uint16, extra [29]uint32, symbols [256]uint16) {
	for i := range base {
		switch {
		case i < 8:
			base[i] = uint16(i)
		case i == 28: // the longest match has a symbol of its own
			base[i] = maxMatch - 3
		default:
			extra[i] = uint32(i/4 - 1)
			base[i] = uint16(4+i%4) << extra[i]
		}
		for n := int(base[i]); n < len(symbols); n++ {
			symbols[n] = uint16(firstLength + i)
		}
	}
	return base, extra, symbols
}()

func distanceSymbol(distanceLess1 uint32) uint16 {
	if distanceLess1 < 4 {
		return uint16(distanceLess1)
	}
	n := bits.Len32(distanceLess1) - 2
	return uint16(2*(n+1)) + uint16(distanceLess1>>n&1)
}

func distanceBits(symbol uint16) uint32 { return uint32(max(symbol, 2)/2 - 1) }

// alphabet counts symbols and makes codes of the counts.
type alphabet struct {
	count  []uint32
	length []uint8
	code   []uint32 // the first bit is the lowest; the number of bits from bit 16 on
	sorted []node   // leaves by count, then the inner nodes of the tree
}

type node struct {
	count  uint32
	symbol int32 // of a leaf
	parent int32
	depth  uint8
}

func (a *alphabet) clear(size int) {
	if a.count == nil {
		a.count, a.length, a.code = make([]uint32, size), make([]uint8, size), make([]uint32, size)
	}
	clear(a.count)
}

// makeCodes gives every symbol that was counted a code of at most limit bits.
func (a *alphabet) makeCodes(limit uint8) {
	for !a.makeLengths(limit) {
		for i, n := range a.count { // flatter, until the tree is low enough
			if n > 0 {
				a.count[i] = n>>2 + 1
			}
		}
	}
	var of, next [maxCodeLength + 2]uint16
	for _, l := range a.length {
		of[l]++
	}
	of[0] = 0
	for l := 1; l <= maxCodeLength; l++ {
		next[l+1] = (next[l] + of[l]) << 1
	}
	for s, l := range a.length {
		if l > 0 {
			a.code[s] = uint32(bits.Reverse16(next[l])>>(16-l)) | uint32(l)<<16
			next[l]++
		}
	}
}

// makeLengths builds the Huffman tree from two queues: leaves in order, and inner nodes, which come in order.
func (a *alphabet) makeLengths(limit uint8) bool {
	clear(a.length)
	t := a.sorted[:0]
	for s, n := range a.count {
		if n > 0 {
			t = append(t, node{count: n, symbol: int32(s)})
		}
	}
	leaves := len(t)
	slices.SortFunc(t, func(x, y node) int { return cmp.Or(cmp.Compare(x.count, y.count), cmp.Compare(x.symbol, y.symbol)) })
	leaf, inner := 0, leaves
	least := func() int {
		if leaf < leaves && (inner >= len(t) || t[leaf].count <= t[inner].count) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for range leaves - 1 {
		x, y := least(), least()
		t[x].parent, t[y].parent = int32(len(t)), int32(len(t))
		t = append(t, node{count: t[x].count + t[y].count})
	}
	a.sorted = t
	for i := len(t) - 2; i >= 0; i-- {
		t[i].depth = t[t[i].parent].depth + 1
	}
	for _, n := range t[:leaves] {
		if n.depth > limit {
			return false
		}
		a.length[n.symbol] = max(n.depth, 1) // a symbol alone
	}
	return true
}

// used is how many symbols have to be described, at least so many.
func (a *alphabet) used(least int) int {
	n := len(a.length)
	for n > least && a.length[n-1] == 0 {
		n--
	}
	return n
}

// lengthOrder is the order in which the lengths of the codes for code lengths are written.
var lengthOrder = [numLengths]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header begins a block and describes its codes.
func (c *Compressor) header(w *bitWriter) {
	nl, nd := c.literals.used(firstLength), c.distance.used(1)
	c.lengths.clear(numLengths)
	var all [numLiterals + numDistances]uint8
	copy(all[:], c.literals.length[:nl])
	copy(all[nl:], c.distance.length[:nd])
	if nd == 1 {
		all[nl] = 1 // without a match: one code that nothing uses
	}
	eachRun(all[:nl+nd], func(symbol int, _, _ uint32) { c.lengths.count[symbol]++ })
	c.lengths.makeCodes(7)
	last := numLengths
	for last > 4 && c.lengths.length[lengthOrder[last-1]] == 0 {
		last--
	}
	w.code(0b100 | 3<<16) // not the last, codes of its own
	w.code(uint32(nl-firstLength) | 5<<16)
	w.code(uint32(nd-1) | 5<<16)
	w.code(uint32(last-4) | 4<<16)
	for _, s := range lengthOrder[:last] {
		w.code(uint32(c.lengths.length[s]) | 3<<16)
	}
	eachRun(all[:nl+nd], func(symbol int, extra, n uint32) {
		w.code(c.lengths.code[symbol])
		w.code(extra | n<<16)
	})
}

// eachRun calls out for each symbol, with its further bits, that describes the lengths.
func eachRun(lengths []uint8, out func(symbol int, extra, bits uint32)) {
	for i := 0; i < len(lengths); {
		l, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l != 0 {
			out(int(l), 0, 0)
			n--
		}
		for n > 0 {
			switch {
			case n < 3:
				out(int(l), 0, 0)
				n--
			case l != 0:
				run := min(n, 6)
				out(16, uint32(run-3), 2)
				n -= run
			case n < 11:
				out(17, uint32(n-3), 3)
				n = 0
			default:
				run := min(n, 138)
				out(18, uint32(run-11), 7)
				n -= run
			}
		}
	}
}
