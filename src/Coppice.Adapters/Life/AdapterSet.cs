using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>
/// The adapters of a frozen base, by name. At most one is on; without one, the base computes as if there were none. The base's values are never changed.
/// </summary>
public sealed class AdapterSet : IDisposable
{
    private readonly Dictionary<string, Adapter> _adapters = new(StringComparer.Ordinal);

    /// <summary>A set without adapters.</summary>
    /// <param name="model">The base, opened frozen; dispose of the set before it.</param>
    public AdapterSet(LanguageModel model)
    {
        if (model.Parameters.Gradients is not null) throw new ArgumentException("Adapters stand on a frozen model: one that is trained itself would move under them.", nameof(model));
        Model = model;
    }

    /// <summary>The base.</summary>
    public LanguageModel Model { get; }

    /// <summary>The names of the adapters, in the order in which they were added.</summary>
    public IReadOnlyCollection<string> Names => _adapters.Keys;

    /// <summary>The adapter that is on, or null.</summary>
    public Adapter? Active { get; private set; }

    /// <summary>An adapter.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="CoppiceException">There is none of that name (exit code 2).</exception>
    public Adapter this[string name] => _adapters.TryGetValue(name, out var adapter)
        ? adapter
        : throw CoppiceException.Usage($"there is no adapter '{name}'{NearestName.Hint(name, _adapters.Keys)} (there are: {string.Join(", ", _adapters.Keys)})");

    /// <summary>Adds a new adapter, ready to be trained. It is off.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="seed">Decides its first values.</param>
    /// <exception cref="CoppiceException">Settings and model don't fit each other, or the name is taken.</exception>
    public Adapter Add(string name, AdapterSettings settings, ulong seed)
    {
        if (settings.Targets is { } targets) TargetSelection.RequireAll(Model, targets);
        if (Model.Quantized is not null) throw CoppiceException.Usage("the model's weights are quantised, and no gradient flows through those yet: open it without quantisation to train an adapter");
        return Add(name, AdapterLayout.Of(Model, settings), trainable: true, adapter => adapter.Initialize(seed));
    }

    /// <summary>Switches an adapter on, and the one that is on off. Between steps only.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="CoppiceException">There is none of that name.</exception>
    public Adapter Activate(string name)
    {
        var adapter = this[name];
        Deactivate();
        adapter.SwitchOn();
        return Active = adapter;
    }

    /// <summary>Switches the adapter that is on off: what computes then is the base. Between steps only.</summary>
    public void Deactivate()
    {
        Active?.SwitchOff();
        Active = null;
    }

    /// <summary>Removes an adapter and frees its memory.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="CoppiceException">There is none of that name.</exception>
    public void Remove(string name)
    {
        var adapter = this[name];
        if (Active == adapter) Deactivate();
        _adapters.Remove(name);
        adapter.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Deactivate();
        foreach (var adapter in _adapters.Values) adapter.Dispose();
        _adapters.Clear();
    }

    /// <summary>Adds an adapter whose values something else gives it. While they are given and read, the base is alone.</summary>
    internal Adapter Add(string name, AdapterLayout layout, bool trainable, Action<Adapter> fill)
    {
        if (string.IsNullOrWhiteSpace(name)) throw CoppiceException.Usage("an adapter needs a name");
        if (_adapters.ContainsKey(name)) throw CoppiceException.Usage($"there is an adapter '{name}' already");
        var active = Active;
        Deactivate();
        Adapter? adapter = null;
        try
        {
            adapter = new Adapter(name, Model, layout, trainable);
            fill(adapter);
            adapter.Complete();
            _adapters.Add(name, adapter);
            return adapter;
        }
        catch
        {
            adapter?.Dispose();
            throw;
        }
        finally
        {
            if (active is not null) Activate(active.Name);
        }
    }
}
