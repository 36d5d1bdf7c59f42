package proxy

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"twohop/routes"
	"twohop/translate"
	"twohop/translate/describe"
)

// Described returns what the descriptions of a route are made from: openapi.json, its
// page, and the samples. An error says why callers of the route cannot speak JSON.
func Described(t *routes.Table, r *routes.Route) (describe.Input, error) {
	contract := t.Contract(r)
	if !r.Translates() || contract == nil {
		return describe.Input{}, fmt.Errorf("the callers of route %s do not speak JSON to a SOAP service", r.Name)
	}
	service, err := translate.New(contract, translate.Options{Port: r.SOAP.Port})
	if err != nil {
		return describe.Input{}, err
	}
	return described(r, service, callersURL(t, r)), nil
}

func described(r *routes.Route, service *translate.Service, url string) describe.Input {
	s := r.SOAP
	in := describe.Input{Route: r.Name, URL: url, Contract: service.Contract, Port: service.Port, APIKey: !r.Callers.Anyone(), Statuses: s.FaultStatus,
		Strings: s.Numbers == "string", Ordered: s.RepeatedChoice == "ordered", Collapse: s.Arrays == "collapse"}
	if len(s.Operations) > 0 {
		in.Operations = slices.Sorted(maps.Keys(s.Operations))
	}
	for _, b := range s.Bindings {
		in.Bindings = append(in.Bindings, describe.Binding{Method: b.Method, Path: b.Path, Operation: b.Operation, Query: b.Query, Constants: b.Constants, Body: b.Body})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if h := s.Headers[name]; h.JSON != "" || h.Header != "" {
			in.Headers = append(in.Headers, describe.Header{Name: name, JSON: h.JSON, HTTP: h.Header})
		}
	}
	return in
}

// callersURL is where callers reach a route: by its own host, or the first of the first
// listener.
func callersURL(t *routes.Table, r *routes.Route) string {
	host, port := "broker.example.com", ""
	if len(t.Listen) > 0 {
		if hosts := t.Listen[0].Hosts; len(hosts) > 0 {
			host = hosts[0]
		}
		_, port, _ = net.SplitHostPort(t.Listen[0].Address)
	}
	if len(r.Hosts) > 0 {
		host = r.Hosts[0]
	}
	if port != "" && port != "443" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return "https://" + host + strings.TrimSuffix(strings.TrimSuffix(r.Path, "*"), "/")
}
