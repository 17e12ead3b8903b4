# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 4 entries, 449 addresses
# ipv6: 3 entries, 79,229,371,440,083,952,222,718,656,513 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# a snippet of the type init; at the beginning of vcl_recv: call blockc_export_control_recv;
acl blockc_export_control {
	"192.0.2.0"/24;
	"198.51.100.0"/25;
	"198.51.100.128"/26;
	"203.0.113.7"/32;
	"2001:db8::"/32;
	"2001:db9::"/48;
	"2001:db9:1::1"/128;
}
sub blockc_export_control_recv {
	if (fastly.ff.visits_this_service == 0 && req.restarts == 0) {
		if (client.ip ~ blockc_export_control) {
			log "syslog " req.service_id " blockc :: blockc_export_control: block " client.ip;
			error 403;
		}
	}
}
