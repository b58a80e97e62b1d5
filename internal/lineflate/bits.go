package lineflate

import "encoding/binary"

// bitWriter writes from the lowest bit of each byte on, into room that is there.
type bitWriter struct {
	out  []byte
	held uint64
	n    uint // bits held, fewer than 8 between calls
}

// code writes a code: its bits below, their number from bit 16 on.
func (w *bitWriter) code(c uint32) { w.add(uint64(c&0xffff), uint(c>>16)) }

// add writes the lowest n bits, at most 56; the others are 0.
func (w *bitWriter) add(v uint64, n uint) {
	w.held |= v << w.n
	w.n += n
	end := len(w.out)
	binary.LittleEndian.PutUint64(w.out[end:end+8], w.held)
	w.out = w.out[:end+int(w.n/8)]
	w.held >>= w.n &^ 7
	w.n &= 7
}

// literals writes a code for each byte, three at a time.
func (w *bitWriter) literals(codes *[numLiterals]uint32, text []byte) {
	out, held, n := w.out, w.held, w.n
	for len(text) > 0 {
		c := codes[text[0]]
		held |= uint64(c&0xffff) << (n & 63)
		n += uint(c >> 16)
		if len(text) >= 3 {
			c = codes[text[1]]
			held |= uint64(c&0xffff) << (n & 63)
			n += uint(c >> 16)
			c = codes[text[2]]
			held |= uint64(c&0xffff) << (n & 63)
			n += uint(c >> 16)
			text = text[3:]
		} else {
			text = text[1:]
		}
		end := len(out)
		binary.LittleEndian.PutUint64(out[end:end+8], held)
		out = out[:end+int(n/8)]
		held >>= n &^ 7
		n &= 7
	}
	w.out, w.held, w.n = out, held, n
}

// align fills the last byte with zeros.
func (w *bitWriter) align() {
	if w.n > 0 {
		w.out = append(w.out, byte(w.held))
	}
	w.held, w.n = 0, 0
}
