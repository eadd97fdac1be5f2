using Coppice.Foundation;
using Coppice.Inference;
using Microsoft.Extensions.AI;

namespace Coppice.Extensions.AI;

/// <summary>
/// The embeddings of a model of a directory: the mean of its hidden states after the last norm, brought to length 1. Thread-safe.
/// </summary>
/// <remarks>
/// Tokens that begin and end a document in training stand around each text. What is not supported (other dimensions, another model) is a
/// <see cref="NotSupportedException"/>; a text without a token, or longer than the engine takes, is a <see cref="CoppiceException"/>.
/// </remarks>
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
        var (embeddings, tokens) = (new GeneratedEmbeddings<Embedding<float>>(), 0L);
        foreach (var value in values)
        {
            // One at a time: the engine reads one a pass anyway, and as many as come must not fill its queue.
            var text = _engine.TokenizeWhole(value);
            var vector = await _engine.EmbedAsync(text, cancellationToken).ConfigureAwait(false);
            embeddings.Add(new Embedding<float>(vector) { CreatedAt = DateTimeOffset.UtcNow, ModelId = _metadata.DefaultModelId });
            tokens += text.Length;
        }

        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
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
