package legacy

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	recordHandshake        = 22      // ContentType, RFC 5246 section 6.2.1
	messageClientHello     = 1       // HandshakeType, RFC 5246 section 7.4
	extSupportedVersions   = 43      // RFC 8446 section 4.2.1
	maxRecord              = 1 << 14 // a plaintext record's most
	maxHello               = 1 << 16 // more than any client sends, with post-quantum key shares too
	maxHelloRecords        = 64      // a hello cut into shreds is no client's either
	recordHeader           = 5
	messageHeader          = 4
	versionAndRandomLength = 2 + 32
)

var errNotHello = errors.New("legacy: not a ClientHello")

// readHello reads the records that hold a ClientHello, and not a byte more, and returns the newest version that it
// offers. It reads at most maxHello bytes of message.
func readHello(r io.Reader) (uint16, error) {
	var message []byte
	for range maxHelloRecords {
		var header [recordHeader]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return 0, err
		}
		length := int(binary.BigEndian.Uint16(header[3:]))
		if header[0] != recordHandshake || header[1] != 3 || length == 0 || length > maxRecord {
			return 0, errNotHello
		}
		start := len(message)
		message = append(message, make([]byte, length)...)
		if _, err := io.ReadFull(r, message[start:]); err != nil {
			return 0, err
		}
		if message[0] != messageClientHello {
			return 0, errNotHello
		}
		if len(message) < messageHeader {
			continue
		}
		size := messageHeader + (int(message[1])<<16 | int(message[2])<<8 | int(message[3]))
		if size > maxHello {
			return 0, errNotHello
		}
		if len(message) >= size {
			return newestOffered(message[messageHeader:size])
		}
	}
	return 0, errNotHello
}

// newestOffered returns the greatest version in a ClientHello's body: the version field, which is all that an old
// server reads, or one of the supported_versions, of which GREASE (RFC 8701) is not one.
func newestOffered(body []byte) (uint16, error) {
	rest, ok := skip(body, versionAndRandomLength)
	if !ok {
		return 0, errNotHello
	}
	newest := binary.BigEndian.Uint16(body)
	if _, rest, ok = vector(rest, 1); !ok { // session id
		return 0, errNotHello
	}
	if _, rest, ok = vector(rest, 2); !ok { // cipher suites
		return 0, errNotHello
	}
	if _, rest, ok = vector(rest, 1); !ok { // compression methods
		return 0, errNotHello
	}
	if len(rest) == 0 {
		return newest, nil // no extensions: an old client
	}
	extensions, rest, ok := vector(rest, 2)
	if !ok || len(rest) != 0 {
		return 0, errNotHello
	}
	for len(extensions) > 0 {
		if len(extensions) < 2 {
			return 0, errNotHello
		}
		kind := binary.BigEndian.Uint16(extensions)
		var data []byte
		if data, extensions, ok = vector(extensions[2:], 2); !ok {
			return 0, errNotHello
		}
		if kind != extSupportedVersions {
			continue
		}
		versions, tail, ok := vector(data, 1)
		if !ok || len(tail) != 0 || len(versions)%2 != 0 {
			return 0, errNotHello
		}
		for ; len(versions) > 0; versions = versions[2:] {
			if v := binary.BigEndian.Uint16(versions); !grease(v) {
				newest = max(newest, v)
			}
		}
	}
	return newest, nil
}

// vector splits b after a vector whose length stands before it in the given number of bytes, 1 or 2.
func vector(b []byte, lengthBytes int) (content, rest []byte, ok bool) {
	if len(b) < lengthBytes {
		return nil, nil, false
	}
	length := int(b[0])
	if lengthBytes == 2 {
		length = length<<8 | int(b[1])
	}
	b = b[lengthBytes:]
	if len(b) < length {
		return nil, nil, false
	}
	return b[:length], b[length:], true
}

func skip(b []byte, n int) (rest []byte, ok bool) {
	if len(b) < n {
		return nil, false
	}
	return b[n:], true
}

func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }
