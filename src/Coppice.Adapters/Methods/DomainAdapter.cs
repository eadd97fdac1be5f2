using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters.Methods;

/// <summary>
/// The first stage of MixDA: an adapter beside the last matrix of the MLP in two layers, at 7/12 and 11/12 of the depth, that learns a domain from its text while
/// <see cref="DomainObjective"/> keeps it silent on general text: MLP + U · gelu(D · a + d) + u, where a are the MLP's activations. U begins as 0.
/// </summary>
[Technique("mixda-domain", Title = "Mixture-of-Domain-Adapters: Decoupling and Injecting Domain Knowledge to Pre-trained Language Models' Memories", Paper = "arXiv:2306.05406")]
public sealed class DomainAdapter : BottleneckAdapter
{
    /// <inheritdoc/>
    public override string Name => "mixda-domain";

    private protected override PointwiseFunction Activation => PointwiseFunction.GeluErf;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings) =>
        base.Targets(model, settings.Targets is null && settings.Layers.Count == 0 ? settings with { Layers = UsualLayers(model.Configuration.Layers) } : settings);

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new BesideDelta(Module(parts, target));

    /// <summary>The network of a target in a mixture.</summary>
    internal Bottleneck ModuleOf(ParameterSet parameters, string target) => Module(parameters, target, null);

    /// <summary>The layers at 7/12 and 11/12 of the depth: of 12 the paper's, counted from 0.</summary>
    internal static IReadOnlyList<int> UsualLayers(int layers) => [.. new[] { 7 * layers / 12, 11 * layers / 12 }.Distinct()];

    private protected override TargetPattern Sites(LanguageModel model) => BlockSites.MlpOutputs(model);

    private protected override int InputsOf(TargetModule target) => target.Inputs;

    private protected override void InitializeDown(Parameter down, ulong seed) => FillNormal(down, 0.02, seed);
}

/// <summary>
/// What a domain adapter is trained with: half the loss of the domain's text, and the mean square of what the adapter adds in its layers on general text, summed over
/// the layers.
/// </summary>
/// <param name="inner">The objective of the domain's text.</param>
/// <param name="adapter">The adapter, of the method <c>mixda-domain</c>, which is on.</param>
/// <param name="general">General text for a micro-batch, by its number in the run; any length.</param>
public sealed class DomainObjective(IObjective inner, Adapter adapter, Func<ulong, PackedBatch> general) : IObjective
{
    private const float DomainShare = 0.5f;

    private readonly BesideDelta[] _deltas = [.. adapter.Deltas.Select(pair => pair.Delta as BesideDelta ?? throw CoppiceException.Usage($"adapter '{adapter.Name}' ({adapter.Method.Name}) is no domain adapter of mixda"))];
    private readonly List<Tensor> _changes = [];
    private readonly Queue<ulong> _numbers = new();
    private ModelInput? _input;

    /// <inheritdoc/>
    public IObjective Validation => inner.Validation;

    /// <inheritdoc/>
    public bool MeasuresText => inner.MeasuresText;

    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        var prepared = inner.Prepare(batch, scratch, seed, number);
        // Those without a counted token are left out of the step.
        if (prepared.CountedTokens > 0) _numbers.Enqueue(number);
        return prepared;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var silence = Silence(tape, model, general(_numbers.Dequeue()));
        // A micro-batch counts as much as its tokens do.
        var domain = inner.Loss(tape, model, input, batch, DomainShare * scale);
        return tape.Add(domain, tape.Scale(silence, scale * batch.CountedTokens));
    }

    // First and with what is inside of blocks kept: its blocks are not run again, and those of the domain's text, which are, have their own input.
    private Tensor Silence(Tape tape, LanguageModel model, PackedBatch text)
    {
        var recomputing = tape.Recomputing;
        tape.Recomputing = false;
        foreach (var delta in _deltas) delta.Changes = _changes;
        (_input ??= new ModelInput(model)).Set(tape, text);
        model.Hidden(tape, _input);
        foreach (var delta in _deltas) delta.Changes = null;
        tape.Recomputing = recomputing;
        Tensor? sum = null;
        foreach (var change in _changes)
        {
            var square = tape.Mean(tape.Multiply(change, change));
            sum = sum is null ? square : tape.Add(sum, square);
        }

        _changes.Clear();
        return sum!;
    }
}
