// The network line: frames, elements as they travel, MACs and PIN blocks. No protocol of reversim.

package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"strconv"
)

// The elements of the line: how many digits of length they have, and how long they are without one.
type layout struct{ prefix, length int }

var elements = map[int]layout{
	2: {2, 19}, 3: {0, 6}, 4: {0, 12}, 5: {0, 12}, 6: {0, 12}, 7: {0, 10}, 9: {0, 8}, 10: {0, 8},
	11: {0, 6}, 12: {0, 6}, 13: {0, 4}, 14: {0, 4}, 15: {0, 4}, 16: {0, 4}, 18: {0, 4}, 19: {0, 3},
	22: {0, 3}, 23: {0, 3}, 25: {0, 2}, 26: {0, 2}, 28: {0, 9}, 32: {2, 11}, 33: {2, 11},
	35: {2, 37}, 36: {3, 104}, 37: {0, 12}, 38: {0, 6}, 39: {0, 2}, 41: {0, 8}, 42: {0, 15},
	43: {0, 40}, 44: {2, 25}, 45: {2, 76}, 48: {3, 512}, 49: {0, 3}, 50: {0, 3}, 51: {0, 3},
	52: {0, 8}, 53: {0, 16}, 54: {3, 40}, 55: {3, 255}, 56: {3, 512}, 57: {3, 512}, 59: {3, 600},
	60: {3, 100}, 61: {3, 200}, 62: {3, 512}, 63: {3, 512}, 70: {0, 3}, 90: {0, 42}, 96: {0, 8},
	100: {2, 11}, 102: {2, 28}, 103: {2, 28}, 121: {3, 100}, 128: {0, 8},
}

// What the MAC covers, in this order, a space between the values.
var covered = []int{2, 3, 4, 32, 33, 41, 42, 49, 15, 7, 11, 37, 38, 39, 52, 55, 90}

var errMessage = errors.New("these bytes are no message")

// A message: its type, and its elements as they travel.
type message struct {
	mti  string
	data map[int][]byte
}

func (m message) text(element int) string { return string(m.data[element]) }

// A frame from the front of what was read; nil without one, and an error where none can be found.
func takeFrame(read *[]byte) ([]byte, error) {
	if len(*read) < 4 {
		return nil, nil
	}
	length, err := strconv.ParseUint(string((*read)[:4]), 10, 16)
	if err != nil || length == 0 {
		return nil, fmt.Errorf("a length of %q", (*read)[:4])
	}
	end := 4 + int(length)
	if len(*read) < end {
		return nil, nil
	}
	frame := (*read)[4:end]
	*read = (*read)[end:]
	if frame[0] == 0x2e && len(frame) >= 46 {
		frame = frame[46:]
	}
	return frame, nil
}

func decode(body []byte) (message, error) {
	m := message{data: map[int][]byte{}}
	if len(body) < 12 {
		return m, errMessage
	}
	m.mti = string(body[:4])
	if _, err := strconv.ParseUint(m.mti, 10, 16); err != nil {
		return m, errMessage
	}
	bitmap, rest := body[4:12], body[12:]
	if bitmap[0]&0x80 != 0 {
		if len(rest) < 8 {
			return m, errMessage
		}
		bitmap, rest = body[4:20], body[20:]
	}
	for number := 2; number <= len(bitmap)*8; number++ {
		if bitmap[(number-1)/8]>>(7-(number-1)%8)&1 == 0 {
			continue
		}
		one, known := elements[number]
		length := one.length
		if !known || len(rest) < one.prefix {
			return m, errMessage
		}
		if one.prefix > 0 {
			said, err := strconv.ParseUint(string(rest[:one.prefix]), 10, 16)
			if err != nil || int(said) > one.length {
				return m, errMessage
			}
			length, rest = int(said), rest[one.prefix:]
		}
		if len(rest) < length {
			return m, errMessage
		}
		m.data[number], rest = rest[:length], rest[length:]
	}
	if len(rest) > 0 {
		return m, errMessage
	}
	return m, nil
}

func encode(m message) []byte {
	bitmap := make([]byte, 16)
	var values []byte
	for number := 2; number <= 128; number++ {
		value, there := m.data[number]
		if !there {
			continue
		}
		bitmap[(number-1)/8] |= 1 << (7 - (number-1)%8)
		if prefix := elements[number].prefix; prefix > 0 {
			values = append(values, fmt.Sprintf("%0*d", prefix, len(value))...)
		}
		values = append(values, value...)
	}
	if bytes.Equal(bitmap[8:], make([]byte, 8)) {
		bitmap = bitmap[:8]
	} else {
		bitmap[0] |= 0x80
	}
	body := append(append([]byte(m.mti), bitmap...), values...)
	return append([]byte(fmt.Sprintf("%04d", len(body))), body...)
}

// The keys of one line.
type zone struct {
	pin, mac  []byte
	algorithm string
}

func (z zone) seal(m message) []byte {
	if class := m.mti[1]; class == '1' || class == '2' || class == '4' {
		m.data[128] = z.macOf(m)
	}
	return encode(m)
}

func (z zone) isSealed(m message) bool {
	mac, there := m.data[128]
	return there && bytes.Equal(mac, z.macOf(m))
}

func (z zone) macOf(m message) []byte {
	parts := [][]byte{[]byte(m.mti)}
	for _, number := range covered {
		if value, there := m.data[number]; there {
			parts = append(parts, value)
		}
	}
	return mac(z.algorithm, z.mac, bytes.Join(parts, []byte(" ")))
}

func triple(key []byte) cipher.Block {
	block, err := des.NewTripleDESCipher(append(append([]byte{}, key...), key[:24-len(key)]...))
	if err != nil {
		panic(err)
	}
	return block
}

func mac(algorithm string, key, data []byte) []byte {
	if algorithm == "aes-cmac" {
		return cmac(key, data)
	}
	single, err := des.NewCipher(key[:8])
	if err != nil {
		panic(err)
	}
	whole := triple(key)
	step := cipher.Block(single)
	if algorithm == "3des-cbc" {
		step = whole
	}
	last := make([]byte, 8)
	for at := 0; at < len(data); at += 8 {
		for i := at; i < at+8 && i < len(data); i++ {
			last[i-at] ^= data[i]
		}
		step.Encrypt(last, last)
	}
	if algorithm == "x9.19" {
		// The last step of the chain with both keys instead of one.
		single.Decrypt(last, last)
		whole.Encrypt(last, last)
	}
	return last
}

// AES-CMAC (RFC 4493), its first eight bytes.
func cmac(key, data []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	double := func(in []byte) []byte {
		out := make([]byte, 16)
		for i := range out {
			out[i] = in[i] << 1
			if i < 15 {
				out[i] |= in[i+1] >> 7
			}
		}
		if in[0]&0x80 != 0 {
			out[15] ^= 0x87
		}
		return out
	}
	subkey := make([]byte, 16)
	block.Encrypt(subkey, subkey)
	subkey = double(subkey)
	padded := append([]byte{}, data...)
	if len(data) == 0 || len(data)%16 != 0 {
		subkey = double(subkey)
		padded = append(padded, 0x80)
		padded = append(padded, make([]byte, (16-len(padded)%16)%16)...)
	}
	last := make([]byte, 16)
	for at := 0; at < len(padded); at += 16 {
		for i := range last {
			last[i] ^= padded[at+i]
			if at+16 == len(padded) {
				last[i] ^= subkey[i]
			}
		}
		block.Encrypt(last, last)
	}
	return last[:8]
}

// A PIN block under the key of another line.
func translate(block, from, to []byte) []byte {
	clear := make([]byte, 8)
	triple(from).Decrypt(clear, block)
	triple(to).Encrypt(clear, clear)
	return clear
}
