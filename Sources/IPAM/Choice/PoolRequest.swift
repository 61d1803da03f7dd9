internal import Addressing

/// One list of names and patterns, as it was written.
struct PoolList {
  let family: IPFamily
  /// The names by position; empty where something else stands that was told as a mistake.
  let names: [String]
  /// Where the list stands in the annotation's JSON: `[1].ipv4`.
  let place: String
  /// The annotation.
  let site: AnnotationSite

  func place(of position: Int) -> String { "\(place)[\(position)]" }
}

/// What one interface is to get.
struct InterfaceRequest {
  /// The name; nil when the annotation leaves it to the order.
  var name: String?
  /// Whether a name is there that cannot be read, which was told as a mistake.
  var isMisnamed = false
  var cleanGateway = false
  /// At most one list for each family, IPv4 first; none is empty.
  var lists: [PoolList] = []
  /// Where the request stands in the annotation's JSON; empty for the whole of it.
  var place = ""
}
