namespace Coppice.Corpus.Quality;

/// <summary>Whose reading of the Gopher rules is run: the paper leaves open what they count, and the implementations differ.</summary>
public enum RuleVariant
{
    /// <summary>As datatrove runs them, for FineWeb.</summary>
    Datatrove,

    /// <summary>As DCLM (and datamap-rs after it) runs them.</summary>
    Dclm,
}
