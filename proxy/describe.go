package proxy

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/translate/describe"
)

// somewhere stands in a description for the address by which the caller came.
const somewhere = "https://twohop.invalid/route"

// pages are the descriptions of a JSON route, made when somebody asks for them.
type pages struct {
	openAPI, html func() ([]byte, error)
}

func newPages(t *translation, r *routes.Route) pages {
	in := described(r, t.service, somewhere)
	return pages{sync.OnceValues(func() ([]byte, error) { return describe.OpenAPI(in) }), sync.OnceValues(func() ([]byte, error) { return describe.Page(in) })}
}

// describe answers with a description of the route, made for the address by which the
// caller came. The target has no part in it.
func (c *call) describe() error {
	if strings.ContainsAny(c.r.Host, `"'<>&%;`+"`") {
		return fault.New(fault.BadRequest, "the host is no name or address with a port")
	}
	t, place := c.route.translation, "https://"+c.r.Host+c.head
	header := http.Header{"Cache-Control": {"no-cache"}, "X-Content-Type-Options": {"nosniff"}}
	text, err := t.pages.openAPI()
	if c.errand.page == htmlPage {
		text, err = t.pages.html()
		place = html.EscapeString(place)
		header["Content-Type"], header["Content-Security-Policy"] = []string{"text/html; charset=utf-8"}, []string{describe.PagePolicy}
	} else {
		quoted, _ := json.Marshal(place)
		place = string(quoted[1 : len(quoted)-1])
		header["Content-Type"] = []string{"application/json"}
	}
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte(somewhere), []byte(place))
	c.status = http.StatusOK
	header["Content-Length"] = []string{strconv.Itoa(len(text))}
	c.answerHeader(header)
	if c.r.Method == http.MethodHead {
		text = nil
	}
	return c.last(text)
}
