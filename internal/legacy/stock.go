package legacy

import "encoding/json"

// stockLevel is what the warehouse knows of an item.
type stockLevel struct {
	Item   string      `json:"item"`
	Site   string      `json:"site"`
	OnHand json.Number `json:"on_hand"` // digits as the warehouse keeps them: 1250.500 is not 1250.5
	Unit   string      `json:"unit"`
	AsOf   string      `json:"as_of"` // the last count, RFC 3339 in UTC
}

// findStock returns an item's level. The data never change, so that answers can be compared. The item numbers are
// what real ones are: with leading zeros, with a slash, with letters beyond ASCII.
func findStock(item string) (stockLevel, bool) {
	for _, level := range [...]stockLevel{
		{"A1001", "WH-NORTH", "1250.500", "kg", "2026-01-31T06:00:00Z"},
		{"A1002", "WH-NORTH", "0", "pcs", "2026-01-31T06:00:00Z"},
		{"000417", "WH-SOUTH", "86", "pcs", "2026-01-30T18:45:10Z"},
		{"M8/25", "WH-SOUTH", "48000", "pcs", "2026-01-30T18:45:10Z"},
		{"KÜHL-7", "WH-COLD", "-3.25", "pal", "2026-01-31T05:12:59Z"},
		{"B2000", "WH-NORTH", "9007199254740993", "pcs", "2026-01-31T06:00:00Z"},
	} {
		if level.Item == item {
			return level, true
		}
	}
	return stockLevel{}, false
}
