package collector

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/flate"
)

// gzipHeader has no name and no time, and says that compression was for speed on an unknown system.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff}

// gzipEnd compresses the last part of a member, whose text before it has the sum s, and adds the trailer. One member has
// to be all: not every client reads on after the first.
func gzipEnd(s sum, last []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := flate.StatelessDeflate(&out, last, true, nil); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	s = s.then(sumOf(last))
	b := binary.LittleEndian.AppendUint32(out.Bytes(), s.crc)
	return binary.LittleEndian.AppendUint32(b, uint32(s.length)), nil
}
