#!/bin/sh
# Runs inside: nginx on port 80, with its program and its settings out of its own reach.
set -eu
mkdir -p /tmp/www /tmp/nginx
echo "hello from port 80" >/tmp/www/index.html
cat >/tmp/nginx.conf <<'CONF'
worker_processes 2;
pid /tmp/nginx/pid;
error_log /tmp/nginx/error.log;
events {}
http {
	access_log /tmp/nginx/access.log;
	client_body_temp_path /tmp/nginx/body;
	proxy_temp_path /tmp/nginx/proxy;
	fastcgi_temp_path /tmp/nginx/fastcgi;
	uwsgi_temp_path /tmp/nginx/uwsgi;
	scgi_temp_path /tmp/nginx/scgi;
	server { listen 80; root /tmp/www; }
}
CONF
/usr/sbin/nginx -e /tmp/nginx/error.log -c /tmp/nginx.conf || { cat /tmp/nginx/error.log; exit 1; }
curl -fs --retry 5 --retry-connrefused http://127.0.0.1/
touch /etc/x /usr/x 2>&1 || :
/usr/sbin/nginx -e /tmp/nginx/error.log -c /tmp/nginx.conf -s quit
