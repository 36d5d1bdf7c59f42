package trail

import "golang.org/x/mod/sumdb/tlog"

// differences names the lines that are not as they were written. from is the index of
// the first of both.
func differences(from int64, written, found []tlog.Hash) []Problem {
	were := count(written)
	same := 0
	for same < min(len(written), len(found)) && written[same] == found[same] {
		same++
	}
	end := 0 // lines at the end that are alike
	for end < min(len(written), len(found))-same && written[len(written)-1-end] == found[len(found)-1-end] {
		end++
	}
	from += int64(same)
	written, found = written[same:len(written)-end], found[same:len(found)-end]
	if len(written) == len(found) {
		return joined(changed(from, written, found, were))
	}
	return joined(countedOut(from, written, found, were))
}

// joined makes one problem of neighbours that are alike.
func joined(list []Problem) []Problem {
	var out []Problem
	for _, p := range list {
		if n := len(out); n > 0 && out[n-1].To == p.From && out[n-1].What == p.What {
			out[n-1].To = p.To
		} else {
			out = append(out, p)
		}
	}
	return out
}

// changed is for as many lines as there were.
func changed(from int64, written, found []tlog.Hash, all map[tlog.Hash]int) []Problem {
	there := count(found)
	var list []Problem
	moved := false
	for i := range written {
		if written[i] == found[i] {
			continue
		}
		if there[written[i]] > 0 {
			moved = true
			continue
		}
		list = append(list, Problem{From: from + int64(i), To: from + int64(i) + 1, What: "changed"})
	}
	if moved && len(list) == 0 {
		return []Problem{{From: from, To: from + int64(len(written)), What: "put in another order"}}
	}
	if moved { // one was taken out here and another put in there
		return countedOut(from, written, found, all)
	}
	return list
}

// countedOut tells what is missing and what is there too much; all are the lines of the
// whole span, of which a line may be a copy.
func countedOut(from int64, written, found []tlog.Hash, all map[tlog.Hash]int) []Problem {
	there, were := count(found), count(written)
	var list []Problem
	for i, h := range written {
		if there[h] == 0 {
			list = append(list, Problem{From: from + int64(i), To: from + int64(i) + 1, What: "removed, or changed"})
		} else {
			there[h]--
		}
	}
	for i, h := range found {
		at := from + int64(i)
		switch {
		case were[h] > 0:
			were[h]--
		case all[h] > 0:
			list = append(list, Problem{From: at, To: at + 1, What: "put in again: a copy of another line"})
		default:
			list = append(list, Problem{From: at, To: at + 1, What: "put in"})
		}
	}
	if len(list) == 0 {
		list = append(list, Problem{From: from, To: from + int64(len(written)), What: "put in another order"})
	}
	return list
}

func count(list []tlog.Hash) map[tlog.Hash]int {
	n := map[tlog.Hash]int{}
	for _, h := range list {
		n[h]++
	}
	return n
}
