package routes

import "strconv"

// suggest returns `did you mean "x"?` for the candidate closest to word, or "" when
// none is close enough to be a slip of the keyboard.
func suggest(word string, candidates []string) string { return didYouMean(closest(word, candidates)) }

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "did you mean " + strconv.Quote(word) + "?"
}

// longest word that a suggestion is looked for: the work grows with the square.
const maxSuggested = 64

// Closest returns the candidate that word is probably a slip of, "" for none.
func Closest(word string, candidates []string) string { return closest(word, candidates) }

func closest(word string, candidates []string) string {
	if len(word) > maxSuggested {
		return ""
	}
	best, least := "", min(len(word), len(word)/3+2)
	for _, c := range candidates {
		if len(c) > maxSuggested || len(c)-len(word) >= least || len(word)-len(c) >= least {
			continue
		}
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of single-character edits and swaps of neighbours between
// a and b (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
