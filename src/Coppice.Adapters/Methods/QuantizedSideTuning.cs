using Coppice.Adapters.Sides;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Settings of <see cref="QuantizedSideTuning"/>.</summary>
public sealed record QstSettings
{
    /// <summary>How many times narrower than the model the side network is.</summary>
    public int Reduction { get; init; } = 16;

    /// <summary>Width of the bottleneck on the way from the model's states to the side network's.</summary>
    public int Bottleneck { get; init; } = 16;
}

/// <summary>
/// Quantised side tuning: narrow Llama blocks beside the model's, with bottlenecks on the way down, a gate for each channel, and at the end a learned share of the model's
/// own states in what the head gets. The model may be quantised, as no gradient goes through it. The share begins at 0.73, and the side network's output at 0, so that the
/// first loss is near the model's and not the same. Parameters: of L blocks of width w (the model's over the reduction), M of its MLP (8 w / 3), bottleneck k and a model of width d:
/// L (4 w² + 3 w M + 3 w) + (L + 1) (k (d + w) + 2 w) + d w + w + 1.
/// </summary>
[Technique("qst", Title = "Quantized Side Tuning: Fast and Memory-Efficient Tuning of Quantized Large Language Models", Paper = "arXiv:2401.07159")]
public sealed class QuantizedSideTuning : SideTuning
{
    private const string Share = "side.share";
    private const float FirstGate = 0.5f;
    private const float FirstShare = 1;

    /// <inheritdoc/>
    public override string Name => "qst";

    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var qst = SettingsOf(settings);
        var (shape, layers, hidden) = (SideShape.Of(model, qst.Reduction, gated: true), (long)model.Configuration.Layers, (long)model.Configuration.HiddenSize);
        return layers * (shape.BlockCount + shape.Width) + (layers + 1) * (qst.Bottleneck * (hidden + shape.Width) + 2 * shape.Width) + hidden * shape.Width + shape.Width + 1;
    }

    private protected override IEnumerable<ParameterSpecification> Network(LanguageModel model, AdapterSettings settings)
    {
        var (qst, hidden) = (SettingsOf(settings), model.Configuration.HiddenSize);
        if (qst.Bottleneck < 1 || qst.Bottleneck > hidden) throw CoppiceException.Usage(FormattableString.Invariant($"a bottleneck of {qst.Bottleneck} between a model of width {hidden} and its side network: 1 to {hidden} is possible"));
        var shape = SideShape.Of(model, qst.Reduction, gated: true);
        for (var rung = 0; rung <= model.Configuration.Layers; rung++)
        {
            yield return new(DownName(rung) + ".in.weight", new Shape(qst.Bottleneck, hidden));
            yield return new(DownName(rung) + ".out.weight", new Shape(shape.Width, qst.Bottleneck));
            yield return new(DownName(rung) + ".norm.weight", new Shape(shape.Width));
            yield return new(DownName(rung) + ".norm.bias", new Shape(shape.Width));
        }

        for (var layer = 0; layer < model.Configuration.Layers; layer++)
        {
            yield return new(GateName(layer), new Shape(shape.Width));
            foreach (var part in shape.Block(Ladder.BlockName(layer))) yield return part;
        }

        yield return new(Norm, new Shape(shape.Width));
        yield return new(Up, new Shape(hidden, shape.Width));
        yield return new(Share, new Shape(1, 1));
    }

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        var shape = SideShape.Of(parts.Model, SettingsOf(parts.Settings).Reduction, gated: true);
        for (var rung = 0; rung <= parts.Model.Configuration.Layers; rung++)
        {
            foreach (var part in new[] { ".in.weight", ".out.weight" })
            {
                var weight = parts.Trained[DownName(rung) + part];
                FillUniform(weight, 1 / Math.Sqrt(weight.Shape.Columns), seed);
            }

            Fill(parts.Trained[DownName(rung) + ".norm.weight"], 1);
        }

        for (var layer = 0; layer < parts.Model.Configuration.Layers; layer++)
        {
            FillBlock(parts, shape, layer, seed);
            Fill(parts.Trained[GateName(layer)], FirstGate);
        }

        Fill(parts.Trained[Norm], 1);
        Fill(parts.Trained[Share], FirstShare);
    }

    private protected override SideNetwork CreateSide(AdapterParts parts)
    {
        var trained = parts.Trained;
        var shape = SideShape.Of(parts.Model, SettingsOf(parts.Settings).Reduction, gated: true);
        return new Ladder(
            parts.Model, trained, shape, [.. Enumerable.Range(0, parts.Model.Configuration.Layers)], Down,
            (tape, layer) => Gates.Sigmoid(tape, trained[GateName(layer)].Tensor),
            (tape, hidden, state) =>
            {
                var up = tape.Linear(tape.RmsNorm(state, trained[Norm].Tensor, Epsilon), trained[Up].Tensor);
                return Gates.Mix(tape, hidden, up, Gates.Repeat(tape, Gates.Sigmoid(tape, trained[Share].Tensor), hidden.Columns));
            });

        Tensor Down(Tape tape, int rung, Tensor states)
        {
            var name = DownName(rung);
            var inner = tape.Apply(tape.Linear(states, trained[name + ".in.weight"].Tensor), PointwiseFunction.Silu);
            return tape.LayerNorm(tape.Linear(inner, trained[name + ".out.weight"].Tensor), trained[name + ".norm.weight"].Tensor, trained[name + ".norm.bias"].Tensor, Epsilon);
        }
    }

    private static QstSettings SettingsOf(AdapterSettings settings) => settings.Qst ?? new QstSettings();
}
