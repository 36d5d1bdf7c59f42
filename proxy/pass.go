package proxy

import (
	"fmt"
	"maps"
	"slices"

	"twohop/internal/fault"
	"twohop/limit"
	"twohop/routes"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// pass is what a route knows of a SOAP service whose messages pass through.
type pass struct {
	saved      *saved                // the contract that the broker serves; nil: the target does
	restricted bool                  // only the named operations may be called
	named      map[string]bool       // them
	known      map[string]bool       // the operations of the contract; nil without one
	byAction   map[string][]string   // operations by every action that a message may name
	byElement  map[xsd.Name][]string // and by the first element in the body
	bare       []string              // operations without an element in the body
}

// pass compiles the soap key of a route whose callers speak SOAP; nil when it has none.
func (c *compiler) pass(i int, r *routes.Route) *pass {
	if r.SOAP == nil || r.Translates() {
		return nil
	}
	p := &pass{restricted: len(r.SOAP.Operations) > 0, named: map[string]bool{}}
	for name := range r.SOAP.Operations {
		p.named[name] = true
	}
	if r.SOAP.Contract == "" {
		return p
	}
	at := fmt.Sprintf("routes[%d].soap", i)
	contract, err := wsdl.Load(string(r.SOAP.Contract))
	if err == nil {
		p.saved, err = keep(contract)
	}
	if err != nil {
		c.fail(at, &fault.Field{Path: "contract", What: "cannot be read: " + err.Error(), Fix: "name a WSDL 1.1 file with everything that it imports beside it"})
		return p
	}
	p.learn(contract)
	for _, name := range slices.Sorted(maps.Keys(p.named)) {
		if !p.known[name] {
			c.fail(at, &fault.Field{Path: "operations." + name, What: "is not an operation of the contract", Fix: "write the name as it stands in the contract"})
		}
	}
	return p
}

// learn notes how messages name the operations of a contract.
func (p *pass) learn(contract *wsdl.Contract) {
	p.known, p.byAction, p.byElement = map[string]bool{}, map[string][]string{}, map[xsd.Name][]string{}
	for _, service := range contract.Services {
		for _, port := range service.Ports {
			if port.Protocol != wsdl.SOAP11 && port.Protocol != wsdl.SOAP12 {
				continue
			}
			for _, o := range port.Operations {
				p.operation(o)
			}
		}
	}
}

func (p *pass) operation(o *wsdl.Operation) {
	if o.Input == nil {
		return
	}
	p.known[o.Name] = true
	for _, action := range []string{o.Action, o.Input.Action} {
		if action != "" {
			p.byAction[action] = with(p.byAction[action], o.Name)
		}
	}
	if len(o.Input.Body) == 0 {
		p.bare = with(p.bare, o.Name)
		return
	}
	name := o.Input.Body[0].Name
	p.byElement[name] = with(p.byElement[name], o.Name)
}

func with(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// limiters returns those that the operations of a route have of their own, for a caller.
func limiters(plan *limit.Plan, r *routes.Route, caller string) map[string]*limit.Limiter {
	if r.SOAP == nil {
		return nil
	}
	out := map[string]*limit.Limiter{}
	for name, o := range r.SOAP.Operations {
		l := limit.Config{PerSecond: o.Limit.Rate.PerSecond(), Burst: o.Limit.Burst, Concurrent: o.Limit.Concurrent}
		if l == (limit.Config{}) {
			continue
		}
		key := limit.Key{Route: r.Name, Operation: name, Caller: caller}
		if o.Limit.Per == "route" {
			key.Caller = ""
		}
		out[name] = plan.Limiter(key, l)
	}
	return out
}
