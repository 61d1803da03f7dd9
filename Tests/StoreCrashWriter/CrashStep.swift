/// What a writer does at one of its steps. Five steps deal with one object, and every second object is deleted again.
enum CrashStep {
  case create, update, updateStatus, delete
  case recordCreate, recordUpdate, recordDelete

  /// Writers with even numbers are clients of the store, the others record what reviews admitted.
  init(_ writer: Int, _ step: Int) {
    let records = !writer.isMultiple(of: 2)
    switch step % 5 {
    case 0: self = records ? .recordCreate : .create
    case 1, 3: self = records ? .recordUpdate : .update
    case 2: self = .updateStatus
    default:
      if (step / 5).isMultiple(of: 2) {
        self = records ? .recordDelete : .delete
      } else {
        self = .updateStatus
      }
    }
  }

  /// The object that a step deals with.
  static func name(_ round: String, _ writer: Int, _ step: Int) -> String { "\(round)-\(writer)-\(step / 5)" }
}
