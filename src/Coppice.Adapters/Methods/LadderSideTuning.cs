using Coppice.Adapters.Sides;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Settings of <see cref="LadderSideTuning"/>.</summary>
public sealed record LstSettings
{
    /// <summary>How many times narrower than the model the side network is.</summary>
    public int Reduction { get; init; } = 8;

    /// <summary>Every so-many-th layer of the model has no side block, which saves time; 0 for all to have one.</summary>
    public int DropEvery { get; init; }

    /// <summary>Whether the side network's output is added to the model's last states; otherwise it takes their place, as published.</summary>
    public bool AddToBase { get; init; } = true;
}

/// <summary>
/// Ladder side-tuning: narrow blocks beside the model's, each on a learned mix of its own state and of what came out of the model's block. Blocks begin as the model's, cut
/// down to the most important rows and columns. Added to the model's states, the output begins as 0. Parameters: of L side blocks of width w beside a model of width d,
/// L (12 w² + 2 w + d w + 1) + 2 d w + w.
/// </summary>
[Technique("lst", Title = "LST: Ladder Side-Tuning for Parameter and Memory Efficient Transfer Learning", Paper = "arXiv:2206.06522")]
public sealed class LadderSideTuning : SideTuning
{
    // Of the gates: so a small step of a parameter moves the gate.
    private const double Temperature = 0.1;

    /// <inheritdoc/>
    public override string Name => "lst";

    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var lst = SettingsOf(settings);
        var (shape, layers, hidden) = (SideShape.Of(model, lst.Reduction, gated: false), LayersOf(model, lst).Count, (long)model.Configuration.HiddenSize);
        return layers * (shape.BlockCount + hidden * shape.Width + 1) + 2 * hidden * shape.Width + shape.Width;
    }

    private protected override IEnumerable<ParameterSpecification> Network(LanguageModel model, AdapterSettings settings)
    {
        var (lst, hidden) = (SettingsOf(settings), model.Configuration.HiddenSize);
        var shape = SideShape.Of(model, lst.Reduction, gated: false);
        yield return new(DownName(0) + ".weight", new Shape(shape.Width, hidden));
        foreach (var layer in LayersOf(model, lst))
        {
            yield return new(DownName(layer + 1) + ".weight", new Shape(shape.Width, hidden));
            yield return new(GateName(layer), new Shape(1, 1));
            foreach (var part in shape.Block(Ladder.BlockName(layer))) yield return part;
        }

        yield return new(Norm, new Shape(shape.Width));
        yield return new(Up, new Shape(hidden, shape.Width));
    }

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        var lst = SettingsOf(parts.Settings);
        var (shape, layers) = (SideShape.Of(parts.Model, lst.Reduction, gated: false), LayersOf(parts.Model, lst));
        var pruning = new SidePruning(parts.Model, shape);
        pruning.FillDown(parts.Trained[DownName(0) + ".weight"]);
        foreach (var layer in layers)
        {
            pruning.FillDown(parts.Trained[DownName(layer + 1) + ".weight"]);
            FillBlock(parts, shape, layer, seed);
            pruning.FillBlock(parts.Trained, layer);
        }

        Fill(parts.Trained[Norm], 1);
        if (!lst.AddToBase) pruning.FillUp(parts.Trained[Up]);
    }

    private protected override SideNetwork CreateSide(AdapterParts parts)
    {
        var (lst, trained) = (SettingsOf(parts.Settings), parts.Trained);
        var shape = SideShape.Of(parts.Model, lst.Reduction, gated: false);
        var (norm, up) = (trained[Norm], trained[Up]);
        return new Ladder(
            parts.Model, trained, shape, LayersOf(parts.Model, lst),
            (tape, rung, states) => tape.Linear(states, trained[DownName(rung) + ".weight"].Tensor),
            (tape, layer) => Gates.Repeat(tape, Gates.Sigmoid(tape, trained[GateName(layer)].Tensor, 1 / Temperature), shape.Width),
            (tape, hidden, state) => tape.Linear(tape.RmsNorm(state, norm.Tensor, Epsilon), up.Tensor, residual: lst.AddToBase ? hidden : null));
    }

    private static List<int> LayersOf(LanguageModel model, LstSettings settings)
    {
        if (settings.DropEvery is < 0 or 1) throw CoppiceException.Usage($"lst without every {settings.DropEvery}th side block has none: 0, or 2 and more");
        return [.. Enumerable.Range(0, model.Configuration.Layers).Where(layer => settings.DropEvery == 0 || (layer + 1) % settings.DropEvery != 0)];
    }

    private static LstSettings SettingsOf(AdapterSettings settings) => settings.Lst ?? new LstSettings();
}
