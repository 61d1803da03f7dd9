internal import Addressing

/// Where something stands in the JSON of an annotation, as messages name it: `[1].ipv4`.
struct AnnotationPlace {
  /// The place among the interfaces; nil where the annotation is about one alone.
  var item: Int?
  /// The member.
  var member: StaticString?

  /// The place as text; empty for the whole annotation.
  var text: String {
    let item = item.map { "[\($0)]" } ?? ""
    guard let member else { return item }
    return item.isEmpty ? member.description : "\(item).\(member)"
  }

  /// The place of an entry of the list that stands here, as text.
  func entry(_ position: Int) -> String { "\(text)[\(position)]" }

  /// The place of a member.
  func member(_ name: StaticString) -> AnnotationPlace { AnnotationPlace(item: item, member: name) }
}

/// One list of names and patterns, as it was written.
struct PoolList {
  let family: IPFamily
  /// The names by position; empty where something else stands that was told as a mistake.
  let names: [String]
  let place: AnnotationPlace
  /// The annotation.
  let site: AnnotationSite
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
  var place = AnnotationPlace()
}
