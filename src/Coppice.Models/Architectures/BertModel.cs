using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>BERT and RoBERTa: encoders that see a text in both directions, and predict tokens that were hidden in it. Shapes: T tokens, C hidden size, D documents.</summary>
[Technique("bert", Title = "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", Paper = "arXiv:1810.04805")]
[Technique("roberta", Title = "RoBERTa: A Robustly Optimized BERT Pretraining Approach", Paper = "arXiv:1907.11692")]
public sealed class BertModel : LanguageModel
{
    private readonly BertConfiguration _configuration;
    private readonly EncoderEmbeddings _embeddings;
    private readonly EncoderStack _stack;
    private readonly PredictionTransform? _transform;
    private readonly Projection? _pooler;
    private readonly Projection? _nextSentence;

    internal BertModel(BertConfiguration configuration, Backend backend, bool trainable, QuantizedParameters? quantized = null)
        : base(configuration, backend, trainable, quantized)
    {
        _configuration = configuration;
        var (names, sizes) = (configuration.Names, configuration.Sizes);
        _embeddings = new EncoderEmbeddings(this, names.Prefix, sizes.NormEpsilon, sizes.Dropout);
        _stack = new EncoderStack(this, names.Prefix, sizes);
        if (configuration.MaskedHead)
        {
            _transform = new PredictionTransform(this, names.TransformDense, names.TransformNorm, sizes);
            HeadBias = Parameters[names.HeadBias];
        }

        if (configuration.Pooler) _pooler = Project(names.Pooler);
        if (configuration.NextSentenceHead) _nextSentence = Project(BertNames.NextSentence);
    }

    /// <inheritdoc/>
    public override Parameter? HeadBias { get; }

    /// <inheritdoc/>
    public override Tensor Hidden(Tape tape, ModelInput input) => _stack.Forward(tape, _embeddings.Forward(tape, input), input);

    /// <inheritdoc/>
    public override Tensor Predictor(Tape tape, Tensor hidden) => _transform is not null
        ? _transform.Forward(tape, hidden)
        : throw new CoppiceException($"this {_configuration.ModelType} model has no head that predicts tokens: it can embed texts, and nothing more");

    /// <summary>One vector for each document: that of its first token, through a linear layer and tanh.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[T, C].</param>
    /// <param name="firstTokens">[D]: where each document begins.</param>
    /// <returns>[D, C].</returns>
    /// <exception cref="CoppiceException">The model has no pooler.</exception>
    public Tensor Pool(Tape tape, Tensor hidden, IntTensor firstTokens) => _pooler is not null
        ? tape.Apply(_pooler.Forward(tape, tape.Embedding(firstTokens, hidden)), PointwiseFunction.Tanh)
        : throw new CoppiceException($"this {_configuration.ModelType} model has no pooler");

    /// <summary>BERT's guess whether the second segment of a document follows the first: logits of yes and no.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="pooled">[D, C], of <see cref="Pool"/>.</param>
    /// <returns>[D, 2].</returns>
    /// <exception cref="CoppiceException">The model has no such head.</exception>
    public Tensor NextSentence(Tape tape, Tensor pooled) => _nextSentence is not null
        ? _nextSentence.Forward(tape, pooled)
        : throw new CoppiceException($"this {_configuration.ModelType} model has no next-sentence head");
}
