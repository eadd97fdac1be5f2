using Coppice.Adapters.Masks;
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
    private VirtualTokens? _virtual;
    private SideNetwork? _side;

    internal Adapter(string name, LanguageModel model, AdapterLayout layout, bool trainable)
    {
        (Name, Method, BaseParameters) = (name, layout.Method, layout.BaseParameters);
        _parts = new AdapterParts(
            model, layout.Settings, layout.Targets, new ParameterSet(model.Backend, layout.Trained, trainable), new ParameterSet(model.Backend, layout.Frozen, trainable: false));
    }

    /// <summary>The base.</summary>
    public LanguageModel Model => _parts.Model;

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

    /// <summary>The coordinates of <see cref="Parameters"/> that move, where the method chose some; null where it chose none, or all move.</summary>
    public CoordinateMask? Mask
    {
        get => _parts.Mask;
        internal set => _parts.Mask = value;
    }

    /// <summary>Multiplies what the adapter changes: 1 as trained, 0 nothing.</summary>
    /// <exception cref="CoppiceException">The method's change is no multiple of anything.</exception>
    public float Strength
    {
        get => _adapted.Count == 0 ? 1 : _adapted[0].Adapted.Delta.Strength;
        set
        {
            if (value == Strength) return;
            if (!float.IsFinite(value)) throw CoppiceException.Usage("the strength of an adapter is a finite number");
            if (!IsLinear) throw CoppiceException.Usage($"adapter '{Name}' ({Method.Name}) can't be made stronger or weaker: only plain low-rank changes can");
            foreach (var (_, adapted) in _adapted) adapted.Delta.Strength = value;
        }
    }

    /// <summary>What training it takes beside descending: give it to the optimizer's chain and to the trainer.</summary>
    /// <param name="steps">Updates that the whole of training has, those before an interruption included.</param>
    /// <exception cref="CoppiceException">The method's schedule does not fit into so many steps, or it has to choose first what moves: <see cref="AdapterSet.Prepare"/> (exit code 2).</exception>
    public AdapterTraining CreateTraining(long steps)
    {
        if (Parameters.Gradients is null) throw new InvalidOperationException($"Adapter '{Name}' was not opened to be trained.");
        var training = Method.CreateTraining(_parts, steps);
        if (Settings.LoraPlusRatio > 1 && training.Transform is not LoraPlus) throw CoppiceException.Usage($"lora+ is for methods that edit no updates themselves, as {Method.Name} does: set its ratio to 1");
        return training;
    }

    /// <summary>Whether all that it changes is a multiple of a factor.</summary>
    internal bool IsLinear => BaseParameters.Count == 0 && _virtual is null && _side is null && _adapted.TrueForAll(pair => pair.Adapted.Delta.IsLinear);

    internal AdapterParts Parts => _parts;

    /// <inheritdoc/>
    public void Dispose()
    {
        (_side as IDisposable)?.Dispose();
        _parts.Trained.Dispose();
        _parts.Frozen.Dispose();
    }

    /// <summary>First values: copies of the base's, and the method's own.</summary>
    internal void Initialize(ulong seed)
    {
        CopyBase();
        Method.Initialize(_parts, seed);
    }

    /// <summary>Gives the copies of the base's parameters the base's values, whether the adapter is on or off.</summary>
    internal void CopyBase()
    {
        foreach (var name in BaseParameters)
        {
            var (own, other) = (Parameters[name], Model.Parameters[name]);
            var values = new float[own.Count];
            Model.Parameters.Values.CopyTo(other.Offset, values);
            own.Tensor.CopyFrom(values);
        }
    }

    /// <summary>Makes the deltas; the values are there.</summary>
    internal void Complete()
    {
        var wiring = Method.Wire(_parts);
        _adapted.AddRange(wiring.Deltas.Select(pair => (pair.Slot, new AdaptedProjection(pair.Slot.Own, pair.Delta))));
        _virtual = wiring.Virtual;
        _side = wiring.Side;
    }

    internal void SwitchOn()
    {
        Model.BidirectionalLayers = BidirectionalLayers.Of(Model, Settings);
        Model.Side = _side;
        Parameters.StandIn(_parts.Model.Parameters, BaseParameters);
        foreach (var (slot, adapted) in _adapted) slot.Current = adapted;
        _parts.Model.Virtual = _virtual;
    }

    internal void SwitchOff()
    {
        Model.Side = null;
        Model.BidirectionalLayers = null;
        Parameters.StandBack(_parts.Model.Parameters, BaseParameters);
        foreach (var (slot, _) in _adapted) slot.Current = slot.Own;
        _parts.Model.Virtual = null;
    }

    /// <summary>What it makes of the weights, target by target.</summary>
    internal IEnumerable<(string Target, WeightDelta Delta)> Deltas => _adapted.Select(pair => (pair.Slot.Name, pair.Adapted.Delta));
}
