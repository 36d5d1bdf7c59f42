package entry

// The members of a line, object by object, named as OCSF names them.

func top(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "class_uid":
		e.Class = s.number()
	case "time":
		e.Time = s.number()
	case "activity_id":
		e.Activity = s.number()
	case "status_id":
		e.Result = s.number()
	case "severity_id":
		e.Severity = s.number()
	case "start_time":
		e.First = s.number()
	case "metadata":
		s.object(e, metadata)
	case "status_code":
		e.Code = s.text()
	case "status_detail":
		e.Cause = s.text()
	case "action_id":
		e.Action = s.number()
	case "count":
		e.Count = s.number()
	case "message":
		e.Message = s.text()
	case "actor":
		s.object(e, actor)
	case "src_endpoint":
		s.object(e, source)
	case "http_request":
		s.object(e, request)
	case "http_response":
		s.object(e, response)
	case "tls":
		s.object(e, tls1)
	case "traffic":
		e.Traffic1 = true
		s.object(e, traffic1)
	case "entity":
		s.object(e, entity)
	case "policy":
		s.object(e, policy)
	case "unmapped":
		s.object(e, unmapped)
	default:
		proxy(e, s, name)
	}
}

func proxy(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "proxy_endpoint":
		e.hop2 = true
		s.object(e, target)
	case "proxy_tls":
		s.object(e, tls2)
	case "proxy_http_response":
		s.object(e, response2)
	case "proxy_traffic":
		e.Traffic2 = true
		s.object(e, traffic2)
	default:
		s.skip()
	}
}

func metadata(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "uid":
		e.UID = s.text()
	case "correlation_uid":
		e.Correlation = s.text()
	case "logged_time":
		e.Logged = s.number()
	default:
		s.skip()
	}
}

func actor(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "user":
		s.object(e, user)
	case "app_uid":
		e.Credential = s.text()
	default:
		s.skip()
	}
}

func user(e *Entry, s *scanner, name []byte) {
	if string(name) == "name" {
		e.User = s.text()
	} else {
		s.skip()
	}
}

func source(e *Entry, s *scanner, name []byte) {
	if string(name) == "name" {
		e.Network = s.text()
	} else {
		endpoint(&e.SourceIP, &e.SourcePort, s, name)
	}
}
func target(e *Entry, s *scanner, name []byte) { endpoint(&e.TargetIP, &e.TargetPort, s, name) }

func endpoint(ip *[]byte, port *int64, s *scanner, name []byte) {
	switch string(name) {
	case "ip":
		*ip = s.text()
	case "port":
		*port = s.number()
	default:
		s.skip()
	}
}

func request(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "http_method":
		e.Method = s.text()
	case "version":
		e.Proto = s.text()
	case "url":
		s.object(e, url)
	default:
		s.skip()
	}
}

func url(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "hostname":
		e.Host = s.text()
	case "port":
		e.Port = s.number()
	case "path":
		e.Path = s.text()
	default:
		s.skip()
	}
}

func response(e *Entry, s *scanner, name []byte)  { code(&e.Status, s, name) }
func response2(e *Entry, s *scanner, name []byte) { code(&e.TargetStatus, s, name) }

func code(n *int64, s *scanner, name []byte) {
	if string(name) == "code" {
		*n = s.number()
	} else {
		s.skip()
	}
}

func tls1(e *Entry, s *scanner, name []byte) { tls(&e.TLS1, &e.Suite1, s, name) }
func tls2(e *Entry, s *scanner, name []byte) { tls(&e.TLS2, &e.Suite2, s, name) }

func tls(version, suite *[]byte, s *scanner, name []byte) {
	switch string(name) {
	case "version":
		*version = s.text()
	case "cipher":
		*suite = s.text()
	default:
		s.skip()
	}
}

func traffic1(e *Entry, s *scanner, name []byte) { traffic(&e.In1, &e.Out1, s, name) }
func traffic2(e *Entry, s *scanner, name []byte) { traffic(&e.In2, &e.Out2, s, name) }

func traffic(in, out *int64, s *scanner, name []byte) {
	switch string(name) {
	case "bytes_in":
		*in = s.number()
	case "bytes_out":
		*out = s.number()
	default:
		s.skip()
	}
}

func entity(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "name":
		e.EntityName = s.text()
	case "type":
		e.EntityType = s.text()
	default:
		s.skip()
	}
}

func policy(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "uid":
		e.Exception = s.text()
	case "version":
		e.Config = s.text()
	default:
		s.skip()
	}
}

func unmapped(e *Entry, s *scanner, name []byte) {
	switch string(name) {
	case "call":
		e.Call = s.text()
	case "stage":
		e.Stage = s.text()
	case "outcome":
		e.Outcome = s.text()
	case "route":
		e.Route = s.text()
	case "target":
		e.Target = s.text()
	case "caller_by":
		e.CallerBy = s.text()
	case "exception_ends":
		e.ExceptionEnds = s.text()
	case "soap_action":
		e.SOAPAction = s.text()
	case "operation":
		e.Operation = s.text()
	case "target_endpoint":
		e.Endpoint = s.text()
	case "target_verified_by":
		e.Verified = s.text()
	case "retries":
		e.Retries = s.number()
	case "call_ms":
		e.MS = s.decimal()
	case "kind":
		e.Kind = s.text()
	case "user":
		e.person = s.text()
	case "counts":
		s.object(e, counts)
	case "samples":
		s.array(e, sample)
	default:
		s.skip()
	}
}

// most bounds what is kept of a line's lists.
const most = 64

func counts(e *Entry, s *scanner, name []byte) {
	n := s.number()
	if len(e.Codes) < most {
		e.Codes, e.Counts = append(e.Codes, name), append(e.Counts, n)
	}
}

func sample(e *Entry, s *scanner) { s.object(e, sampled) }

func sampled(e *Entry, s *scanner, name []byte) {
	if string(name) == "correlation_uid" && len(e.Samples) < most {
		e.Samples = append(e.Samples, s.text())
	} else {
		s.skip()
	}
}
