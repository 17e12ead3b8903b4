# SAMPLE DATA: made from blockc's bundled sample, to try it out and not to use
# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 1 entry, 256 addresses
# ipv6: 0 entries, 0 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# /import this file: the list is filled aside, and a line that fails leaves the old one in force
/ip firewall address-list
remove [find list="blockc_export_control_new"]
add list=blockc_export_control_new address=198.51.100.0/24
/ipv6 firewall address-list
remove [find list="blockc_export_control_new"]
# from here on the new list takes the place of the old one
/ip firewall address-list
remove [find list="blockc_export_control"]
set [find list="blockc_export_control_new"] list="blockc_export_control"
/ipv6 firewall address-list
remove [find list="blockc_export_control"]
set [find list="blockc_export_control_new"] list="blockc_export_control"
