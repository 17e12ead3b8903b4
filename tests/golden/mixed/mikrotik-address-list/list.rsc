# list export-control: Export control: O'Brien & <Söhne>
# ipv4: 4 entries, 449 addresses
# ipv6: 3 entries, 79,229,371,440,083,952,222,718,656,513 addresses
# policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
# source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
# source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
# the country of an address is where it is registered, not where it is used
# /import this file: the list is filled aside, and a line that fails leaves the old one in force
/ip firewall address-list
remove [find list="blockc_export_control_new"]
add list=blockc_export_control_new address=192.0.2.0/24
add list=blockc_export_control_new address=198.51.100.0/25
add list=blockc_export_control_new address=198.51.100.128/26
add list=blockc_export_control_new address=203.0.113.7
/ipv6 firewall address-list
remove [find list="blockc_export_control_new"]
add list=blockc_export_control_new address=2001:db8::/32
add list=blockc_export_control_new address=2001:db9::/48
add list=blockc_export_control_new address=2001:db9:1::1
# from here on the new list takes the place of the old one
/ip firewall address-list
remove [find list="blockc_export_control"]
set [find list="blockc_export_control_new"] list="blockc_export_control"
/ipv6 firewall address-list
remove [find list="blockc_export_control"]
set [find list="blockc_export_control_new"] list="blockc_export_control"
