"""Lines of real formats, as their documentation shows them, and what each says."""

# ruff: noqa: E501  a line of a log is as long as it is

from typing import NamedTuple

COMBINED = (
    '192.0.2.7 - anna [10/Oct/2026:13:55:36 +0200] "GET /api/v1?api_key=s3 HTTP/1.1" 200 2326 '
    '"-" "Mozilla/5.0 (X11)"'
)


class Said(NamedTuple):
    """What a line says: the client, the time in UTC, status, bytes and first step of the path."""

    client: str
    time: str
    status: int | None
    bytes: int | None
    path: str | None


#: Format -> the lines of a file, and what its last line says.
FILES: dict[str, tuple[list[str], Said]] = {
    "combined": ([COMBINED], Said("192.0.2.7", "2026-10-10T11:55:36Z", 200, 2326, "/api")),
    "vhost-combined": (
        ["shop.example.com:443 " + COMBINED],
        Said("192.0.2.7", "2026-10-10T11:55:36Z", 200, 2326, "/api"),
    ),
    "w3c": (
        [
            "#Software: Microsoft Internet Information Services 10.0",
            "#Version: 1.0",
            (
                "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query cs-username c-ip "
                "cs(User-Agent) sc-status sc-bytes"
            ),
            "2026-10-10 11:55:36 10.0.0.1 GET /login/x.aspx a=b - 192.0.2.8 Mozilla/5.0+(X) 302 99",
        ],
        Said("192.0.2.8", "2026-10-10T11:55:36Z", 302, 99, "/login"),
    ),
    "cloudfront": (
        [
            "#Version: 1.0",
            (
                "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem "
                "sc-status"
            ),
            "2026-10-10\t11:55:36\tFRA2\t1045\t2001:db8::7\tGET\td1.cloudfront.net\t/view/a\t200",
        ],
        Said("2001:db8::7", "2026-10-10T11:55:36Z", 200, 1045, "/view"),
    ),
    "aws-alb": (
        [
            (
                "https 2026-10-10T11:55:36.186641Z app/my/50dc 192.0.2.9:2817 10.0.0.1:80 0.086 0.048 "
                '0.037 200 200 0 57 "GET https://www.example.com:443/pay?x=1 HTTP/1.1" "curl/7.46.0" '
                "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu:1:t/m/7 "
                '"Root=1-58337281" "www.example.com" "arn:aws:acm:1" 1 2026-10-10T11:55:35.048000Z '
                '"authenticate,forward" "-" "-" 10.0.0.1:80 200 "-" "-"'
            )
        ],
        Said("192.0.2.9", "2026-10-10T11:55:36Z", 200, 57, "/pay"),
    ),
    "aws-nlb": (
        [
            (
                "tls 2.0 2026-10-10T11:55:36 net/my/c6e 3c8 192.0.2.10:51341 10.0.0.1:443 5 2 98 246 - "
                "arn:aws:acm:eu-1 - ECDHE-RSA tlsv12 - my.elb.amazonaws.com - - - 2026-10-10T11:55:30"
            )
        ],
        Said("192.0.2.10", "2026-10-10T11:55:36Z", None, 246, None),
    ),
    "aws-waf": (
        [
            (
                '{"timestamp":1791633336000,"formatVersion":1,"webaclId":"arn:aws:wafv2:1","action":'
                '"ALLOW","httpRequest":{"clientIp":"192.0.2.11","country":"DE","headers":[{"name":'
                '"X-Api-Key","value":"s3"}],"uri":"/api/x","args":"q=1","httpMethod":"GET"}}'
            )
        ],
        Said("192.0.2.11", "2026-10-10T11:55:36Z", None, None, "/api"),
    ),
    "aws-api-gateway": (
        [
            (
                '{"requestId":"c6a","ip":"192.0.2.12","caller":"-","user":"u","requestTime":'
                '"10/Oct/2026:11:55:36 +0000","httpMethod":"GET","resourcePath":"/pets/{id}",'
                '"status":"200","protocol":"HTTP/1.1","responseLength":"10"}'
            )
        ],
        Said("192.0.2.12", "2026-10-10T11:55:36Z", 200, 10, "/pets"),
    ),
    "cloudflare": (
        [
            (
                '{"ClientIP":"192.0.2.13","ClientRequestHost":"example.com","ClientRequestURI":'
                '"/a/b?c","EdgeResponseBytes":77,"EdgeResponseStatus":403,"EdgeStartTimestamp":'
                "1791633336000000000}"
            )
        ],
        Said("192.0.2.13", "2026-10-10T11:55:36Z", 403, 77, "/a"),
    ),
    "haproxy": (
        [
            (
                "Oct 10 13:55:36 localhost haproxy[14389]: 192.0.2.14:33317 [10/Oct/2026:11:55:36.655] "
                "http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "
                '"GET /index/x HTTP/1.1"'
            )
        ],
        Said("192.0.2.14", "2026-10-10T11:55:36Z", 200, 2750, "/index"),
    ),
    "envoy": (
        [
            (
                '[2026-10-10T11:55:36.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 '
                '"203.0.113.9, 192.0.2.15" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.0.1:80"'
            )
        ],
        Said("192.0.2.15", "2026-10-10T11:55:36Z", 204, 0, "/api"),
    ),
    "istio": (
        [
            (
                '[2026-10-10T11:55:36.427Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 '
                '5 2 "-" "curl/7.60.0" "9d6fbf27" "httpbin:8000" "10.44.1.27:80" outbound|8000||h '
                "10.44.1.23:37652 10.0.45.184:8000 192.0.2.16:46520 - default"
            )
        ],
        Said("192.0.2.16", "2026-10-10T11:55:36Z", 418, 135, "/status"),
    ),
    "caddy": (
        [
            (
                '{"level":"info","ts":1791633336.3,"logger":"http.log.access","msg":"handled request",'
                '"request":{"remote_ip":"192.0.2.17","remote_port":"4","proto":"HTTP/2.0","method":'
                '"GET","host":"localhost","uri":"/x/y","headers":{"X-Api-Key":["s3"]}},"size":10900,'
                '"status":200}'
            )
        ],
        Said("192.0.2.17", "2026-10-10T11:55:36Z", 200, 10900, "/x"),
    ),
    "traefik": (
        [COMBINED + ' 12 "my-router@docker" "http://10.0.0.2:80" 3ms'],
        Said("192.0.2.7", "2026-10-10T11:55:36Z", 200, 2326, "/api"),
    ),
    "traefik-json": (
        [
            (
                '{"ClientAddr":"192.0.2.18:52342","ClientHost":"192.0.2.18","DownstreamStatus":200,'
                '"DownstreamContentSize":12,"RequestHost":"h","RequestPath":"/p/q","StartUTC":'
                '"2026-10-10T11:55:36.1Z","time":"2026-10-10T13:55:36+02:00"}'
            )
        ],
        Said("192.0.2.18", "2026-10-10T11:55:36Z", 200, 12, "/p"),
    ),
    "kong": (
        [
            (
                '{"client_ip":"192.0.2.19","started_at":1791633336105,"request":{"uri":"/k/1?x","size":'
                '1,"headers":{"host":"h","x-api-key":"s3"}},"response":{"status":429,"size":9}}'
            )
        ],
        Said("192.0.2.19", "2026-10-10T11:55:36Z", 429, 9, "/k"),
    ),
    "azure-front-door": (
        [
            (
                '{"time":"2026-10-10T11:55:36.0000000Z","category":"FrontDoorAccessLog","properties":'
                '{"clientIp":"192.0.2.20","requestUri":"https://h.example:443/f/g?x","hostName":"h",'
                '"httpStatusCode":"200","responseBytes":"5"}}'
            )
        ],
        Said("192.0.2.20", "2026-10-10T11:55:36Z", 200, 5, "/f"),
    ),
    "azure-api-management": (
        [
            (
                '{"time":"2026-10-10T11:55:36Z","callerIpAddress":"192.0.2.21","properties":{"url":'
                '"https://a.azure-api.net/m/n","responseCode":200,"responseSize":8}}'
            )
        ],
        Said("192.0.2.21", "2026-10-10T11:55:36Z", 200, 8, "/m"),
    ),
    "google-load-balancer": (
        [
            (
                '{"httpRequest":{"remoteIp":"192.0.2.22","requestUrl":"http://h/g/h","responseSize":'
                '"21","status":404},"timestamp":"2026-10-10T11:55:36.5Z"}'
            )
        ],
        Said("192.0.2.22", "2026-10-10T11:55:36Z", 404, 21, "/g"),
    ),
    "squid": (
        ["1791633336.357    123 192.0.2.23 TCP_MISS/200 4546 GET http://h/s/t - DIRECT/1.1.1.1 -"],
        Said("192.0.2.23", "2026-10-10T11:55:36Z", 200, 4546, "/s"),
    ),
    "csv": (
        [
            "time,client_ip,status,bytes,url,user_agent",
            '2026-10-10T13:55:36+02:00,192.0.2.24,200,7,/c/d,"a ""quoted"", one"',
        ],
        Said("192.0.2.24", "2026-10-10T11:55:36Z", 200, 7, "/c"),
    ),
    "tsv": (
        ["ts\tip\tstatus\tsize\turl", "2026-10-10T11:55:36Z\t192.0.2.25\t200\t7\t/e/f"],
        Said("192.0.2.25", "2026-10-10T11:55:36Z", 200, 7, "/e"),
    ),
    "json-lines": (
        [
            (
                '{"time":"2026-10-10T11:55:36Z","remote_addr":"192.0.2.26","status":"201",'
                '"body_bytes_sent":"3","request":"GET /j/k HTTP/1.1"}'
            )
        ],
        Said("192.0.2.26", "2026-10-10T11:55:36Z", 201, 3, "/j"),
    ),
}
