import Addressing

extension PoolIndex {
  /// Claims beyond this many are refused: so many objects admitted and not yet seen mean that the watch stands still.
  static let maximumClaims = 8192

  /// Takes in a claim. An equal one for the same name is prolonged, a different one stays beside it: which of the two
  /// writes the API server will accept is not known here.
  mutating func take(_ claim: AddressClaim, isForeign: Bool = false) {
    guard claimIDs[claim.id] == nil, settled[claim.id] == nil else { return }
    let key = claim.key
    if isForeign, isShown(claim) {
      settled[claim.id] = claim.expires
      return
    }
    if !isForeign, let twin = twin(of: claim), let before = claims[twin] {
      claimIDs[before.id] = nil
      claimIDs[claim.id] = twin
      claims[twin] = ClaimDetail(id: claim.id, uid: claim.uid, expires: claim.expires, isForeign: false)
      return
    }
    let id = add(
      Entry(
        kind: key.kind, isClaim: true, name: claim.name, network: claim.network, addresses: claim.addresses))
    claims[id] = ClaimDetail(id: claim.id, uid: claim.uid, expires: claim.expires, isForeign: isForeign)
    claimIDs[claim.id] = id
    claimsOf[key, default: []].append(id)
  }

  /// Takes out the claim with this id.
  mutating func withdraw(_ claimID: String) {
    if let id = claimIDs[claimID] { release(id) }
  }

  /// Lays the claims of other replicas over the index, in the place of those laid before.
  mutating func register(_ foreign: [AddressClaim], at now: UInt64) {
    let ids = Set(foreign.map(\.id))
    let gone = claims.filter { $0.value.isForeign && !ids.contains($0.value.id) }.keys
    for id in gone { release(id) }
    for claim in foreign where claim.isLive(at: now) { take(claim, isForeign: true) }
  }

  /// Drops the claims for an object that was seen: the one that created it, and those whose addresses it shows.
  mutating func settleClaims(of key: Key, uid: String, _ isShown: (AddressSet) -> Bool) {
    guard let ids = claimsOf[key] else { return }
    for id in ids {
      guard let detail = claims[id] else { continue }
      let addresses = entry(id).addresses
      guard !uid.isEmpty && detail.uid == uid || addresses.map(isShown) == true else { continue }
      settled[detail.id] = detail.expires
      release(id)
    }
  }

  /// What a shared claim amounts to now: itself until its object was seen, then what that object has; nil when that is gone.
  ///
  /// The object may have been seen since the claim that is held against it was judged by the rules, so it must not be
  /// passed over.
  func standing(_ claim: AddressClaim) -> AddressClaim? {
    guard settled[claim.id] != nil else { return claim }
    guard let entry = stored(claim.key.kind, named: claim.name)?.entry,
      let network = entry.network, let addresses = entry.addresses
    else { return nil }
    return AddressClaim(
      id: claim.id, uid: claim.uid, kind: claim.kind, name: claim.name, network: network,
      addresses: addresses, expires: claim.expires)
  }

  /// Drops what has lapsed, at most once a second.
  mutating func sweep(at now: UInt64) {
    guard now >= nextSweep else { return }
    nextSweep = now + 1000
    let lapsed = claims.filter { $0.value.expires <= now }.keys
    for id in lapsed { release(id) }
    if !settled.isEmpty { settled = settled.filter { $0.value > now } }
  }

  private mutating func release(_ id: ID) {
    guard let detail = claims.removeValue(forKey: id) else { return }
    claimIDs[detail.id] = nil
    let entry = self.entry(id)
    let key = Key(kind: entry.kind, name: entry.name)
    claimsOf[key]?.removeAll { $0 == id }
    if claimsOf[key]?.isEmpty == true { claimsOf[key] = nil }
    drop(id)
  }

  /// Whether the object was seen before the claim was heard of.
  private func isShown(_ claim: AddressClaim) -> Bool {
    guard let stored = stored(claim.key.kind, named: claim.name)?.entry else { return false }
    guard stored.network == claim.network, let addresses = stored.addresses else { return false }
    return claim.kind == .pool ? claim.addresses.isSubset(of: addresses) : claim.addresses == addresses
  }

  private func twin(of claim: AddressClaim) -> ID? {
    claimsOf[claim.key]?.first { id in
      let entry = self.entry(id)
      return entry.network == claim.network && entry.addresses == claim.addresses
        && claims[id]?.isForeign == false
    }
  }
}

extension AddressClaim {
  /// The object the claim is for.
  var key: PoolIndex.Key { PoolIndex.Key(kind: kind == .pool ? .pool : .subnet, name: name) }
}
