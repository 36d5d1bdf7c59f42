package sink

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	leastPause = 500 * time.Millisecond
	mostPause  = time.Minute
	mostAsked  = 10 * time.Minute // that a receiver may ask for
)

// delayed is an error of a receiver that says when to come again.
type delayed struct {
	error
	after time.Duration
}

func (d *delayed) Unwrap() error { return d.error }

// pause returns how long to wait after tries that failed with err the last time: twice
// as long each time, and not the same for two brokers that lost the same receiver.
func pause(tries int, err error) time.Duration {
	most := mostPause
	if tries < 10 {
		most = min(mostPause, leastPause<<tries)
	}
	wait := most/2 + rand.N(most/2)
	var asked *delayed
	if errors.As(err, &asked) {
		wait = max(wait, min(asked.after, mostAsked))
	}
	return wait
}
