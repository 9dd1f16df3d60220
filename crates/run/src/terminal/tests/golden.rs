use super::shown as _;
