using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters.Directories;

/// <summary>The base of an adapter, as the adapter's directory remembers it.</summary>
public static class AdapterBase
{
    /// <summary>Finds the base: the directory that is given, or the one that the adapter remembers.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <param name="given">A model directory, or null.</param>
    /// <exception cref="CoppiceException">There is none, or it is another model than the adapter was trained on.</exception>
    public static string Find(string directory, string? given)
    {
        var remembered = Provenance.Load(directory)?.Parent is { } parent ? Provenance.ResolvePath(directory, parent.Path) : null;
        var found = given ?? remembered ?? throw CoppiceException.Usage($"{directory}: the adapter doesn't say which model it stands on: name it by --base");
        if (given is null && !Directory.Exists(found)) throw CoppiceException.Usage($"{directory}: the adapter's base was {found}, which is not there: name it by --base");
        RequireSame(directory, found);
        return found;
    }

    /// <summary>Refuses a base that is not the model that an adapter was trained on: the shapes may fit, and the numbers would be wrong. An adapter from elsewhere remembers nothing, and is let through.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <param name="baseDirectory">The base's.</param>
    /// <exception cref="CoppiceException">It is another model.</exception>
    public static void RequireSame(string directory, string baseDirectory)
    {
        if (Provenance.Load(directory)?.Parent is not { } parent || ModelDirectory.Fingerprint(baseDirectory) == parent.Fingerprint) return;
        throw CoppiceException.Usage($"{directory}: the adapter was trained on another model than {baseDirectory}, or that has changed since (its fingerprint differs): name the model it was trained on by --base, or adapt this one anew");
    }
}
