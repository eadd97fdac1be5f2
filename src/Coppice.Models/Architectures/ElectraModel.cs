using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// ELECTRA: a discriminator that says of each token whether it was replaced, and where it is trained, the generator that replaces them. Both read the same
/// embeddings; a tied generator is the discriminator's lowest blocks. Shapes: T tokens, E embedding size, C hidden size, G the generator's.
/// </summary>
[Technique("electra", Title = "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", Paper = "arXiv:2003.10555")]
public sealed class ElectraModel : LanguageModel
{
    private readonly ElectraConfiguration _configuration;
    private readonly EncoderEmbeddings _embeddings;
    private readonly EncoderStack _stack;
    private readonly Projection? _detectionDense;
    private readonly Projection? _detection;
    private readonly EncoderStack? _generator;
    private readonly PredictionTransform? _generatorTransform;

    internal ElectraModel(ElectraConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        _embeddings = new EncoderEmbeddings(this, ElectraNames.Prefix, configuration.NormEpsilon, configuration.Dropout);
        _stack = new EncoderStack(this, ElectraNames.Prefix, configuration.Sizes);
        if (configuration.DetectionHead)
        {
            _detectionDense = Project(ElectraNames.DetectionDense);
            _detection = Project(ElectraNames.Detection);
        }

        if (configuration.GeneratorSizes is not { } sizes) return;
        _generator = configuration.Generator!.Tied ? _stack.Lowest(sizes.Layers) : new EncoderStack(this, ElectraNames.GeneratorPrefix, sizes);
        _generatorTransform = new PredictionTransform(this, ElectraNames.GeneratorDense, ElectraNames.GeneratorNorm, sizes);
        HeadBias = Parameters[ElectraNames.GeneratorBias];
    }

    /// <summary>The bias of the generator's head; null without one.</summary>
    public override Parameter? HeadBias { get; }

    // The discriminator's.
    private protected override Tensor HiddenRows(Tape tape, ModelInput input) => Joined(tape, _stack.Forward(tape, _embeddings.Forward(tape, input), input, Side));

    /// <summary>Refuses: the discriminator predicts no tokens.</summary>
    /// <inheritdoc/>
    public override Tensor Predictor(Tape tape, Tensor hidden) => throw new CoppiceException("an electra model tells replaced tokens from others: it predicts none");

    /// <summary>Logits of each token's being replaced.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, C], of <see cref="LanguageModel.Hidden"/>.</param>
    /// <returns>[rows, 1].</returns>
    /// <exception cref="CoppiceException">The model has no such head.</exception>
    public Tensor Detect(Tape tape, Tensor hidden) => _detectionDense is not null
        ? _detection!.Forward(tape, tape.Apply(_detectionDense.Forward(tape, hidden), _configuration.Activation))
        : throw new CoppiceException("this electra model has no head that detects replaced tokens: it can embed texts, and nothing more");

    /// <summary>The generator's hidden states.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens, some of them hidden.</param>
    /// <returns>[T, G].</returns>
    /// <exception cref="CoppiceException">The model has no generator.</exception>
    public Tensor GeneratorHidden(Tape tape, ModelInput input) => _generator is not null
        ? OfTokens(tape, input, _generator.Forward(tape, _embeddings.Forward(tape, input), input))
        : throw new CoppiceException("this electra model is a discriminator without its generator");

    /// <summary>What the generator puts in the place of hidden tokens.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[rows, G], of <see cref="GeneratorHidden"/>.</param>
    /// <returns>Logits [rows, vocabulary].</returns>
    public Tensor GeneratorLogits(Tape tape, Tensor hidden) => HeadLogits(tape, _generatorTransform!.Forward(tape, hidden));
}
