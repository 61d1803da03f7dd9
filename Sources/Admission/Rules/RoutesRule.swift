import Addressing
import JSON
import KubernetesAPI

/// Each route leads to another network than the default one, once, by a next hop inside the network.
enum RoutesRule {
  static let destinationID = RuleID("route-destination-format")
  static let defaultID = RuleID("route-default")
  static let duplicateID = RuleID("route-duplicate")
  static let gatewayID = RuleID("route-gateway")

  /// What the addresses of a route must fit.
  private struct Place {
    let family: IPFamily?
    let network: CIDR?
  }

  static let check: ObjectRule = { review, findings in
    let place = Place(family: review.family, network: review.network)
    guard let routes = review.spec.routesView else { return }
    var seen: [CIDR: Int] = [:]
    for (position, route) in routes.elements.enumerated() {
      if findings.isCut { return }
      let path = FieldPath.spec.child("routes").index(position)
      checkDestination(route["dst"], place, path.child("dst"), position, &seen, &findings)
      checkGateway(route["gw"], place, path.child("gw"), &findings)
    }
  }

  private static func checkDestination(
    _ view: JSONView?, _ place: Place, _ path: FieldPath, _ position: Int, _ seen: inout [CIDR: Int],
    _ findings: inout Findings
  ) {
    let example = place.family == .v6 ? "fd00:20::/64" : "10.7.0.0/16"
    guard let view, let text = view.utf8 else {
      findings.report(
        .required, path, .none, "write the destination network, such as \(example)", destinationID)
      return
    }
    let destination: CIDR
    do throws(CIDRError) { destination = try CIDR(text) } catch {
      findings.report(
        .invalid, path, view.shown, "\(error); write a network such as \(example)", destinationID)
      return
    }
    if let family = place.family, destination.family != family {
      findings.report(
        .invalid, path, view.shown, "is \(destination.family); write an \(family) network such as \(example)",
        destinationID)
    } else if destination.prefixLength == 0 {
      findings.report(.invalid, path, view.shown, "is the default route; use spec.gateway for it", defaultID)
    } else if let first = seen[destination.network] {
      findings.report(
        .invalid, path, view.shown,
        "is the destination of spec.routes[\(first)] already; leave one of them out",
        duplicateID)
    } else {
      seen[destination.network] = position
    }
  }

  private static func checkGateway(
    _ view: JSONView?, _ place: Place, _ path: FieldPath, _ findings: inout Findings
  ) {
    let wanted = place.network.map { "an address inside \($0)" } ?? "an address of the pool's network"
    guard let view, let text = view.utf8 else {
      findings.report(.required, path, .none, "write the next hop, \(wanted)", gatewayID)
      return
    }
    do throws(AddressError) {
      let gateway = try IPAddress(text)
      if let network = place.network, !network.contains(gateway) {
        findings.report(.invalid, path, view.shown, "must be inside \(network)", gatewayID)
      } else if let family = place.family, gateway.family != family {
        findings.report(.invalid, path, view.shown, "is \(gateway.family); write \(wanted)", gatewayID)
      }
    } catch {
      findings.report(.invalid, path, view.shown, "\(error); write \(wanted)", gatewayID)
    }
  }
}
