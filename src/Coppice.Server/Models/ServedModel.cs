using Coppice.Inference;

namespace Coppice.Server;

/// <summary>A model under its name, whichever version of it is served now. Thread-safe.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly Lock _gate = new();
    private ModelVersion _current;

    /// <summary>Loads the first version.</summary>
    /// <param name="path">A model directory, or a run's.</param>
    /// <param name="options">The server's options.</param>
    public ServedModel(string path, ServerOptions options)
    {
        (Path, Name) = (path, ModelVersion.NameOf(path));
        _current = ModelVersion.Load(ModelVersion.Resolve(path), options, Metrics);
    }

    /// <summary>The path that was given.</summary>
    public string Path { get; }

    /// <summary>The name under which it is asked for.</summary>
    public string Name { get; }

    /// <summary>What its engines have done.</summary>
    public EngineMetrics Metrics { get; } = new();

    /// <summary>The version that is served now.</summary>
    public ModelVersion Current
    {
        get
        {
            lock (_gate) return _current;
        }
    }

    /// <summary>The version that is served now, which stays until the request that uses it is done.</summary>
    public Lease Borrow()
    {
        lock (_gate)
        {
            _current.Use();
            return new Lease(_current);
        }
    }

    /// <summary>Serves another version from now on. Requests that use the one before finish with it.</summary>
    /// <param name="next">The version.</param>
    public void Replace(ModelVersion next)
    {
        ModelVersion before;
        lock (_gate) (before, _current) = (_current, next);
        before.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => Current.Engine.Dispose();

    /// <summary>A version in use.</summary>
    /// <param name="version">The version, counted as used.</param>
    internal sealed class Lease(ModelVersion version) : IDisposable
    {
        private int _ended;

        /// <summary>The version.</summary>
        public ModelVersion Version => version;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0) version.Release();
        }
    }
}
