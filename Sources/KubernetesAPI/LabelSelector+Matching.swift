extension LabelSelector {
  /// Whether an object with these labels is selected: by all requirements, so an empty selector selects everything.
  ///
  /// A requirement that the API would refuse, such as an unknown operator or `In` without values, selects nothing.
  public func matches(_ labels: [String: String]) -> Bool {
    matchLabels.allSatisfy { labels[$0.key] == $0.value }
      && matchExpressions.allSatisfy { $0.matches(labels) }
  }
}

extension LabelSelector.Requirement {
  /// Whether the labels meet the requirement. A label that is not there meets `NotIn` and `DoesNotExist`.
  fileprivate func matches(_ labels: [String: String]) -> Bool {
    switch comparison {
    case "In": labels[key].map(values.contains) ?? false
    case "NotIn": !values.isEmpty && !(labels[key].map(values.contains) ?? false)
    case "Exists": values.isEmpty && labels[key] != nil
    case "DoesNotExist": values.isEmpty && labels[key] == nil
    default: false
    }
  }
}
