using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// One adapter of a base: its parameters, trained apart from the base's, and what it makes of the projections. Made by an <see cref="AdapterSet"/>, which switches it on
/// and off.
/// </summary>
public sealed class Adapter : IDisposable
{
    private readonly AdapterParts _parts;
    private readonly List<(ProjectionSlot Slot, AdaptedProjection Adapted)> _adapted = [];

    internal Adapter(string name, LanguageModel model, AdapterLayout layout, bool trainable)
    {
        (Name, Method, BaseParameters) = (name, layout.Method, layout.BaseParameters);
        _parts = new AdapterParts(
            model, layout.Settings, layout.Targets, new ParameterSet(model.Backend, layout.Trained, trainable), new ParameterSet(model.Backend, layout.Frozen, trainable: false));
    }

    /// <summary>Its name in the set.</summary>
    public string Name { get; }

    /// <summary>Its method.</summary>
    public AdapterMethod Method { get; }

    /// <summary>Its settings.</summary>
    public AdapterSettings Settings => _parts.Settings;

    /// <summary>The projections that it changes.</summary>
    public IReadOnlyList<TargetModule> Targets => _parts.Targets;

    /// <summary>What is trained: an optimizer and a <see cref="Training.Loop.Trainer"/> take this in place of the model's parameters. Targets' come first, then copies of the base's.</summary>
    public ParameterSet Parameters => _parts.Trained;

    /// <summary>What is fixed and part of neither the base nor the training: VeRA's matrices, the first factors of PiSSA and OLoRA.</summary>
    public ParameterSet Frozen => _parts.Frozen;

    /// <summary>The names of the base's parameters of which it trains copies.</summary>
    public IReadOnlyList<string> BaseParameters { get; }

    /// <summary>Multiplies what the adapter changes: 1 as trained, 0 nothing.</summary>
    /// <exception cref="CoppiceException">The method's change is no multiple of anything.</exception>
    public float Strength
    {
        get => _adapted.Count == 0 ? 1 : _adapted[0].Adapted.Delta.Strength;
        set
        {
            if (value == Strength) return;
            if (!float.IsFinite(value)) throw CoppiceException.Usage("the strength of an adapter is a finite number");
            if (BaseParameters.Count > 0 || !_adapted.TrueForAll(pair => pair.Adapted.Delta.IsLinear)) throw CoppiceException.Usage($"adapter '{Name}' ({Method.Name}) can't be made stronger or weaker: only plain low-rank changes can");
            foreach (var (_, adapted) in _adapted) adapted.Delta.Strength = value;
        }
    }

    internal AdapterParts Parts => _parts;

    /// <inheritdoc/>
    public void Dispose()
    {
        _parts.Trained.Dispose();
        _parts.Frozen.Dispose();
    }

    /// <summary>First values: copies of the base's, and the method's own.</summary>
    internal void Initialize(ulong seed)
    {
        foreach (var name in BaseParameters) Parameters[name].Tensor.CopyFrom(_parts.Model.Parameters[name].Tensor.ToArray());
        Method.Initialize(_parts, seed);
    }

    /// <summary>Makes the deltas; the values are there.</summary>
    internal void Complete() => _adapted.AddRange(Targets.Select(target => (target.Slot, new AdaptedProjection(target.Slot.Own, Method.CreateDelta(_parts, target)))));

    internal void SwitchOn()
    {
        Parameters.StandIn(_parts.Model.Parameters, BaseParameters);
        foreach (var (slot, adapted) in _adapted) slot.Current = adapted;
    }

    internal void SwitchOff()
    {
        Parameters.StandBack(_parts.Model.Parameters, BaseParameters);
        foreach (var (slot, _) in _adapted) slot.Current = slot.Own;
    }

    /// <summary>What it makes of the weights, target by target.</summary>
    internal IEnumerable<(string Target, WeightDelta Delta)> Deltas => _adapted.Select(pair => (pair.Slot.Name, pair.Adapted.Delta));
}
