package collector

import (
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
)

// rendition is a snapshot in one format and encoding.
type rendition struct {
	families []renderedFamily
	samples  int
	// made are the pieces by their prints, for the next rendition.
	made map[uint64]piece
}

// renderedFamily is what a family adds to an answer.
type renderedFamily struct {
	name    string
	pieces  []piece
	text    sum
	size    int // of the pieces
	samples int
}

func (f *renderedFamily) add(p piece) {
	f.pieces = append(f.pieces, p)
	f.size += len(p.data)
	f.text = f.text.then(p.text)
}

func processors() int { return runtime.GOMAXPROCS(0) }

// pressers keeps what one rendering needs for the next one: as much as one rendering uses.
type pressers struct {
	mu   sync.Mutex
	free []*presser
}

func (p *pressers) get() *presser {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		out := p.free[n-1]
		p.free = p.free[:n-1]
		return out
	}
	return &presser{}
}

func (p *pressers) put(x *presser) {
	x.layout, x.labels, x.family = nil, nil, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < processors() {
		p.free = append(p.free, x)
	}
}

// frame compresses the end of a zstd answer.
func (p *pressers) frame(text []byte) ([]byte, error) {
	x := p.get()
	defer p.put(x)
	out, err := x.press(Zstd, text, nil)
	return out.data, err
}

// render renders what the rendition before it (nil: none) does not have.
func (p *pressers) render(e *Encoder, l *layout, format Format, encoding Encoding, before *rendition) (*rendition, error) {
	pieces := make([]piece, len(l.blocks))
	heads := make([]piece, len(e.families))
	var missing []int // a block, or a head from len(l.blocks) on
	have := func(print uint64) (piece, bool) {
		if before == nil {
			return piece{}, false
		}
		x, ok := before.made[print]
		return x, ok
	}
	last := -1
	for i := range l.blocks {
		b := &l.blocks[i]
		var ok bool
		if b.family != last {
			last = b.family
			if heads[last], ok = have(headPrint(last)); !ok {
				missing = append(missing, len(l.blocks)+last)
			}
		}
		if pieces[i], ok = have(b.print); !ok {
			missing = append(missing, i)
		}
	}
	if err := p.press(e, l, format, encoding, missing, pieces, heads); err != nil {
		return nil, err
	}
	return assemble(e, l, format, encoding, pieces, heads), nil
}

// press makes the missing pieces on all processors.
func (p *pressers) press(e *Encoder, l *layout, format Format, encoding Encoding, missing []int, pieces, heads []piece) error {
	var mu sync.Mutex
	var failed error
	parallel(len(missing), func(next func() int) {
		x := p.get()
		defer p.put(x)
		x.begin(l, format)
		for i := next(); i >= 0; i = next() {
			var err error
			if m := missing[i]; m < len(pieces) {
				b := &l.blocks[m]
				x.render(&e.families[b.family], b.rows, e.connectedOnly)
				pieces[m], err = x.press(encoding, x.buf, x.lines)
			} else {
				heads[m-len(pieces)], err = x.press(encoding, e.families[m-len(pieces)].head[format], nil)
			}
			if err != nil {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
				return
			}
		}
	})
	return failed
}

// assemble puts the pieces of each family behind its head.
func assemble(e *Encoder, l *layout, format Format, encoding Encoding, pieces, heads []piece) *rendition {
	r := &rendition{made: make(map[uint64]piece, len(pieces)+len(heads))}
	for from := 0; from < len(l.blocks); {
		to, family := from, l.blocks[from].family
		size, samples := heads[family].text.length, 0
		for ; to < len(l.blocks) && l.blocks[to].family == family; to++ {
			size += pieces[to].text.length
			samples += l.blocks[to].samples
			r.made[l.blocks[to].print] = pieces[to]
		}
		f := renderedFamily{name: e.families[family].Name, samples: samples, text: nothing,
			pieces: make([]piece, 0, to-from+2)}
		if format == Protobuf {
			f.add(asIs(encoding, binary.AppendUvarint(nil, uint64(size))))
		}
		f.add(heads[family])
		for _, p := range pieces[from:to] {
			f.add(p)
		}
		r.made[headPrint(family)] = heads[family]
		r.families = append(r.families, f)
		r.samples += samples
		from = to
	}
	return r
}

// headPrint is the key of a family's head among the pieces.
func headPrint(family int) uint64 { return mix(uint64(family), 0) }
