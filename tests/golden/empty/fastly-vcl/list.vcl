# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 0 entries, 0 addresses
# ipv6: 0 entries, 0 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# a snippet of the type init; at the beginning of vcl_recv: call blockc_export_control_recv;
acl blockc_export_control {
}
sub blockc_export_control_recv {
	if (fastly.ff.visits_this_service == 0 && req.restarts == 0) {
		if (client.ip ~ blockc_export_control) {
			log "syslog " req.service_id " blockc :: blockc_export_control: block " client.ip;
			error 403;
		}
	}
}
