using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Sides;

/// <summary>A way down from the model's states to the side network's.</summary>
/// <param name="tape">The tape.</param>
/// <param name="rung">0 for what goes into the first block, else the number of the block from 1.</param>
/// <param name="states">[tokens, hidden].</param>
/// <returns>[tokens, width of the side network].</returns>
internal delegate Tensor WayDown(Tape tape, int rung, Tensor states);

/// <summary>
/// A side network of narrow blocks. Each mixes what came out of the model's block of the same number, on a way down to its own width, with its own state. Nothing of the
/// model is recorded: what is kept for the backward pass are the model's states between blocks, and the side network's own.
/// </summary>
internal sealed class Ladder : SideNetwork, IDisposable
{
    private readonly LanguageModel _model;
    private readonly SideShape _shape;
    private readonly Rung?[] _rungs;
    private readonly WayDown _down;
    private readonly Func<Tape, Tensor, Tensor, Tensor> _join;
    private readonly GrowingRotaryTable _rotary;
    private Tensor? _state;

    /// <summary>Builds the ladder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Holds the blocks' parameters: <c>side.blocks.N</c>.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="layers">The model's layers that have a side block.</param>
    /// <param name="down">The ways down.</param>
    /// <param name="gate">The share [width] of its own state that a layer keeps.</param>
    /// <param name="join">From the model's last states and the side network's to what the head gets.</param>
    public Ladder(LanguageModel model, ParameterSet parameters, SideShape shape, IReadOnlyList<int> layers, WayDown down, Func<Tape, int, Tensor> gate, Func<Tape, Tensor, Tensor, Tensor> join)
    {
        (_model, _shape, _down, _join) = (model, shape, down, join);
        _rotary = new GrowingRotaryTable(model.Backend, model.Configuration, shape.Width / shape.Heads, 10_000, scaling: null);
        _rungs = new Rung?[model.Configuration.Layers];
        for (var i = 0; i < layers.Count; i++)
        {
            var block = new SideBlock(parameters, BlockName(layers[i]), shape, model.Configuration.Layers + i);
            _rungs[layers[i]] = new Rung(this, layers[i], block, gate);
        }

        Layers = layers.Count;
    }

    /// <inheritdoc/>
    public override int Layers { get; }

    /// <inheritdoc/>
    public override int CacheWidth => _shape.Width;

    /// <summary>The prefix of a block's parameters.</summary>
    public static string BlockName(int layer) => FormattableString.Invariant($"side.blocks.{layer}");

    /// <inheritdoc/>
    public override void Begin(Tape tape, ModelInput input, Tensor states)
    {
        Keep(tape, states);
        _state = _down(tape, 0, states);
    }

    /// <inheritdoc/>
    public override void Follow(Tape tape, ModelInput input, int layer, Tensor states)
    {
        if (_rungs[layer] is not { } rung) return;
        Keep(tape, states);
        (rung.Input, rung.States, rung.Rotary) = (input, states, _rotary.For(input.LastPosition));
        _state = tape.Run(rung, _state!);
    }

    /// <inheritdoc/>
    public override Tensor End(Tape tape, Tensor hidden) => _join(tape, hidden, _state!);

    /// <inheritdoc/>
    public void Dispose() => _rotary.Dispose();

    /// <summary>The ways down read the states in the backward pass: without one, the model gives them back as ever.</summary>
    private static void Keep(Tape tape, Tensor states)
    {
        if (tape.Recording) Tape.Keep(states);
    }

    /// <summary>A layer: mixing, and the block.</summary>
    private sealed class Rung(Ladder ladder, int layer, SideBlock block, Func<Tape, int, Tensor> gate) : IBlock
    {
        public ModelInput? Input { get; set; }

        public Tensor? States { get; set; }

        public RotaryTable? Rotary { get; set; }

        public Tensor Forward(Tape tape, Tensor x)
        {
            var mixed = Gates.Mix(tape, x, ladder._down(tape, layer + 1, States!), gate(tape, layer));
            var causal = ladder._model.Configuration.IsCausal && ladder._model.BidirectionalLayers?.Contains(layer) != true;
            return block.Forward(tape, mixed, Input!, Rotary!, causal);
        }
    }
}
