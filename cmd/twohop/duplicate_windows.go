package main

import (
	"errors"
	"net"
	"os"
)

// duplicate is not possible here; claim refuses before.
func duplicate(net.Listener) (*os.File, error) {
	return nil, errors.New("a listening socket cannot be handed to another process on Windows")
}
