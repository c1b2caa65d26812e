#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use serde_json::json;

#[derive(Debug, serde::Deserialize)]
struct Sample {
    #[serde(default)]
    n: u32,
}

#[test]
fn no_parameters_are_an_empty_object_and_unknown_ones_are_ignored() {
    assert_eq!(read::<Sample>(Value::Null).unwrap().n, 0);
    assert_eq!(read::<Sample>(json!({"n": 3, "later": true})).unwrap().n, 3);
    let fault = read::<Sample>(json!({"n": "three"})).unwrap_err();
    assert_eq!((fault.code, fault.trouble.exit), (super::super::rpc::BAD_PARAMS, 2));
}
