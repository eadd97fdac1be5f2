namespace Coppice.Adapters.Methods;

/// <summary>Trains all parameters: what the other methods are measured by. The adapter is a copy of the model.</summary>
public sealed class FullTuning : WholeModel
{
    /// <inheritdoc/>
    public override string Name => "full";

    internal override bool StoresChanges => false;
}
