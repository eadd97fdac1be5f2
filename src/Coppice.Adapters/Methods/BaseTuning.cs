using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Methods that train some parameters of the base as they are and add none: copies of those stand in for them while the adapter is on.</summary>
public abstract class BaseTuning : AdapterMethod
{
    /// <summary>0: no projection changes.</summary>
    /// <inheritdoc/>
    public sealed override long CountOf(TargetModule target) => 0;

    internal sealed override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings) => [];

    internal sealed override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [];

    // The copies begin as the base's values: that is done for all methods alike.
    internal sealed override void Initialize(AdapterParts parts, ulong seed)
    {
    }

    internal sealed override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => throw new InvalidOperationException($"'{Name}' has no targets.");
}
