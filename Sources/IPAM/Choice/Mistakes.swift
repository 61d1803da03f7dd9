internal import KubernetesAPI

/// The mistakes in what one Pod asks for. Those beyond a limit are not written down: an annotation may hold thousands.
struct Mistakes {
  static let limit = 16

  private(set) var errors: [FieldError] = []

  /// Whether no further mistake is written down; a reader with many of them can stop.
  var isFull: Bool { errors.count >= Self.limit }

  mutating func add(_ error: FieldError) {
    if !isFull { errors.append(error) }
  }
}
