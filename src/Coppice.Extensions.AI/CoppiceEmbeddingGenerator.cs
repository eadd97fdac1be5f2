using Coppice.Foundation;
using Coppice.Inference;
using Microsoft.Extensions.AI;

namespace Coppice.Extensions.AI;

/// <summary>
/// The embeddings of a model of a directory: the mean of its hidden states after the last norm, brought to length 1. Thread-safe.
/// </summary>
public sealed class CoppiceEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly InferenceEngine _engine;
    private readonly bool _ownsEngine;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>A generator over an engine.</summary>
    /// <param name="engine">Computes; it is not disposed of with the generator.</param>
    /// <param name="modelId">The model's name.</param>
    public CoppiceEmbeddingGenerator(InferenceEngine engine, string modelId)
        : this(engine, modelId, ownsEngine: false)
    {
    }

    private CoppiceEmbeddingGenerator(InferenceEngine engine, string modelId, bool ownsEngine)
    {
        (_engine, _ownsEngine) = (engine, ownsEngine);
        _metadata = new EmbeddingGeneratorMetadata("coppice", defaultModelId: modelId, defaultModelDimensions: engine.Configuration.HiddenSize);
    }

    /// <summary>Loads a model directory. The generator disposes of what it loads.</summary>
    /// <param name="directory">The model directory.</param>
    /// <param name="options">What the engine may take; null for the defaults.</param>
    /// <param name="threads">Threads to compute with; 0 for one per processor.</param>
    /// <exception cref="CoppiceException">It can't be loaded.</exception>
    public static CoppiceEmbeddingGenerator Load(string directory, EngineOptions? options = null, int threads = 0) =>
        new(InferenceEngine.Load(directory, options, threads), Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))), ownsEngine: true);

    /// <inheritdoc/>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var width = _engine.Configuration.HiddenSize;
        if (options?.Dimensions is { } dimensions && dimensions != width) throw new NotSupportedException($"The model's embeddings have {width} dimensions.");
        if (options?.ModelId is { } model && model != _metadata.DefaultModelId) throw new NotSupportedException($"The model '{model}' is not loaded; '{_metadata.DefaultModelId}' is.");
        var texts = values.Select(_engine.Tokenize).ToList();
        // Where one fails, nobody waits for the others any more.
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var vectors = await Task.WhenAll(texts.Select(text => _engine.EmbedAsync(text, together.Token)).ToList()).ConfigureAwait(false);
            var tokens = texts.Sum(text => (long)text.Length);
            return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { CreatedAt = DateTimeOffset.UtcNow, ModelId = _metadata.DefaultModelId }))
            {
                Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
            };
        }
        finally
        {
            await together.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata)) return _metadata;
        if (serviceType == typeof(InferenceEngine)) return _engine;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsEngine) _engine.Dispose();
    }
}
