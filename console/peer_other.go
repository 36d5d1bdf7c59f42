//go:build !linux && !darwin && !windows

package console

import "errors"

// peerID knows no way to ask here; the socket's mode still keeps others out.
func peerID(int) (uint32, error) { return 0, errors.ErrUnsupported }
