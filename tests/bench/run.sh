#!/bin/sh
# twohop beside nginx and HAProxy on the same work in one run: TLS 1.3 in, plain HTTP
# out to the same nginx, 32 kept connections. Prints each proxy's CPU per request
# (user and system, from /proc) and the ratio to twohop's; wall time is noisier.
# Usage: sh tests/bench/run.sh [SECONDS]
set -eu
seconds=${1:-5}
for tool in wrk nginx haproxy openssl; do
	command -v $tool >/dev/null || { echo "bench: $tool is missing (Debian: wrk nginx-light haproxy openssl)" >&2; exit 0; }
done
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
pids=
stop() { for p in $pids; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$dir"; }
trap stop EXIT INT TERM

CGO_ENABLED=0 go build -o "$dir/twohop" ./cmd/twohop
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
cat "$dir/cert.pem" "$dir/key.pem" > "$dir/both.pem"
chmod 755 "$dir"; mkdir "$dir/www"
head -c 1024 /dev/zero | tr '\0' x > "$dir/www/1k"
head -c 65536 /dev/zero | tr '\0' x > "$dir/www/64k"

cat > "$dir/target.conf" <<E2
worker_processes 1; daemon off; pid $dir/target.pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
server { listen 127.0.0.1:26000; root $dir/www; } }
E2
cat > "$dir/nginx.conf" <<E2
worker_processes 1; daemon off; pid $dir/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path $dir/n1; proxy_temp_path $dir/n2; fastcgi_temp_path $dir/n3; uwsgi_temp_path $dir/n4; scgi_temp_path $dir/n5;
upstream t { server 127.0.0.1:26000; keepalive 64; keepalive_requests 1000000; }
server { listen 127.0.0.1:26001 ssl; ssl_protocols TLSv1.3; ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;
location / { proxy_pass http://t; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
E2
cat > "$dir/haproxy.cfg" <<E2
global
  nbthread 1
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend f
  bind 127.0.0.1:26002 ssl crt $dir/both.pem ssl-min-ver TLSv1.3
  default_backend b
backend b
  http-reuse always
  server t 127.0.0.1:26000
E2
cat > "$dir/routes.yaml" <<E2
listen: [{address: "127.0.0.1:26003", hosts: [localhost]}]
certificates: {files: [{cert: cert.pem, key: key.pem}]}
admin: {address: "off"}
shutdown: {drain: 0s}
log: {level: error}
callers: {b: {api_key: {sha256: "$(printf bench | openssl dgst -sha256 -r | cut -d' ' -f1)"}}}
routes: [{name: r, path: /*, callers: [b], target: {url: "http://127.0.0.1:26000/"}}]
E2

start() { "$@" >/dev/null 2>"$dir/err" & pids="$pids $!"; last=$!; }
start nginx -c "$dir/target.conf" -p "$dir"
start nginx -c "$dir/nginx.conf" -p "$dir"; nginx=$last
start haproxy -f "$dir/haproxy.cfg"; haproxy=$last
start "$dir/twohop" serve "$dir/routes.yaml"; twohop=$last
sleep 2

# ticks PID: user and system clock ticks of a process and its children
ticks() {
	total=0
	for p in $1 $(cat /proc/"$1"/task/"$1"/children); do
		set -- $(sed 's/.*) //' /proc/"$p"/stat)
		total=$((total + ${12} + ${13}))
	done
	echo $total
}
hz=$(getconf CLK_TCK)
printf '%s, %s, Linux %s, %s CPUs, %ss each\n' "$(date +%F)" "$(go version | cut -d' ' -f3)" "$(uname -r)" "$(nproc)" "$seconds"
printf '%-22s %10s %14s %8s\n' work requests/s 'CPU us/request' 'of twohop'
for file in 1k 64k; do
	base=
	for proxy in twohop:26003:$twohop nginx:26001:$nginx haproxy:26002:$haproxy; do
		name=${proxy%%:*}; rest=${proxy#*:}; port=${rest%%:*}; pid=${rest#*:}
		before=$(ticks "$pid")
		wrk -t1 -c32 -d"$seconds"s -H 'X-Api-Key: bench' "https://127.0.0.1:$port/$file" > "$dir/wrk"
		after=$(ticks "$pid")
		if grep -q Non-2xx "$dir/wrk"; then echo "$name: errors"; cat "$dir/wrk"; exit 1; fi
		n=$(awk '/requests in/ {print $1}' "$dir/wrk")
		us=$(awk "BEGIN {printf \"%.1f\", ($after - $before) * 1000000 / $hz / $n}")
		[ -n "$base" ] || base=$us
		printf '%-22s %10s %14s %8s\n' "$name $file" "$(awk '/Requests\/sec/ {print $2}' "$dir/wrk")" "$us" "$(awk "BEGIN {printf \"%.2f\", $us / $base}")"
	done
done
