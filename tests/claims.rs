//! The catalogue of defects and the catalogue of claims name each other. Runs nothing.

use reversim::invariant::find;
use reversim_models::defect::Defect;

#[test]
fn every_defect_breaks_a_claim_that_exists() {
    for defect in Defect::ALL {
        let name = defect.describe().breaks;
        assert!(find(name).is_some(), "{defect} breaks `{name}`, which nobody claims");
    }
}
