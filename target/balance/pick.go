package balance

import "time"

// maxEndpoints lets a choice be made on the stack.
const maxEndpoints = 32

// pick returns the endpoint for the next call, -1 when none is left. tried holds the
// endpoints that this call has met, by bit. It does not allocate.
//
// When no endpoint is fit, each gets calls: what is believed of them may be wrong, and
// a call that is refused for it helps nobody.
func (c *cluster) pick(tried uint32) int {
	n := len(c.endpoints)
	if n == 1 && tried == 0 {
		return 0
	}
	var weights [maxEndpoints]float64
	fit, spent, partly := 0, 0, false
	now := time.Time{}
	for i, e := range c.endpoints {
		w := 1.0
		if !e.plain.Load() {
			if now.IsZero() {
				now = c.now()
			}
			w = e.weight(now, c.SlowStart)
		}
		switch {
		case w > 0 && tried&(1<<i) != 0:
			spent++
		case w > 0:
			weights[i] = w
			fit++
			partly = partly || w < 1
		}
	}
	if fit == 0 && spent == 0 {
		for i := range n {
			if tried&(1<<i) == 0 {
				weights[i] = 1
				fit++
			}
		}
	}
	if fit == 0 {
		return -1
	}
	switch c.Policy {
	case PrimaryStandby:
		return c.first(weights[:n])
	case LeastBusy:
		return c.idlest(weights[:n])
	}
	if partly {
		return c.drawn(weights[:n])
	}
	return c.next(weights[:n], fit)
}

// next takes the endpoints that are fit in turn.
func (c *cluster) next(weights []float64, fit int) int {
	turn := int((c.turn.Add(1) - 1) % uint64(fit))
	for i, w := range weights {
		if w > 0 {
			if turn == 0 {
				return i
			}
			turn--
		}
	}
	return 0 // fit counts those above 0
}

// drawn takes one by chance, in proportion to the weights.
func (c *cluster) drawn(weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	at, last := c.random()*sum, 0
	for i, w := range weights {
		if w > 0 {
			last = i
			if at -= w; at < 0 {
				break
			}
		}
	}
	return last
}

// idlest takes the one with the fewest running calls for its weight; those alike in turn.
func (c *cluster) idlest(weights []float64) int {
	n := len(weights)
	start := int((c.turn.Add(1) - 1) % uint64(n))
	best, least := -1, 0.0
	for k := range n {
		i := (start + k) % n
		if weights[i] == 0 {
			continue
		}
		if load := float64(c.endpoints[i].running.Load()+1) / weights[i]; best < 0 || load < least {
			best, least = i, load
		}
	}
	return best
}

// first takes the first that is fit; one whose share is still growing only so often.
func (c *cluster) first(weights []float64) int {
	last := 0
	for i, w := range weights {
		if w > 0 {
			last = i
			if w == 1 || c.random() < w {
				break
			}
		}
	}
	return last
}
