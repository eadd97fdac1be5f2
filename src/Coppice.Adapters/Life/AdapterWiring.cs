using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>What an adapter puts into its base while it is on.</summary>
/// <param name="Deltas">What it makes of projections, which may be more than its targets: some only look at what comes by.</param>
/// <param name="Virtual">What it puts in front of every text; null for nothing.</param>
/// <param name="Side">The network that it puts beside the model; null for none.</param>
internal sealed record AdapterWiring(IReadOnlyList<(ProjectionSlot Slot, WeightDelta Delta)> Deltas, VirtualTokens? Virtual = null, SideNetwork? Side = null);
